"""Word lists of the context rules: what is never a name, and common names for lower-case text.

The names are frequent forenames and surnames of the United Kingdom; those that are also everyday
words (will, grace, hope, may, young) are left out, since they are only asked about lower case.
What is an ordinary word was counted: `ordinary_words.txt` says how.
"""

import re
from importlib.resources import files


def word_set(lines: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(lines.split())


def _listed(name: str) -> frozenset[str]:
    text = files("warehouse.protection").joinpath(name).read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


ORDINARY_WORDS = _listed("ordinary_words.txt")

# What people are that is written with a capital: `I'm Canadian`, `my brother is Jewish`.
PEOPLES = re.compile(r".+(?:ish|ese|ian|ians|can|cans|ean|eans|ist|ists|ic|ics)", re.IGNORECASE)

NEVER_NAMES = word_set(
    """
    a about actually after again all also although always am an and another any anyone are as
    ask at away back be because been before being best both but by can could crisis dear did do
    does doing done each either else even ever every everyone everything few for from get gets
    getting go god good got had has have having he hello help her here hers herself hi his how
    however i i'd i'll i'm i've if im in instead into is isn't it it's its just keep know last
    less let let's like look made make many maybe me mine more most much must my need never no
    nobody none nor not nothing now of off oh ok on once one only or other others our out over
    own perhaps please quite rather really said same say says she should since so some someone
    something sometimes soon sorry still such sure take than thank thanks that that's the their
    them then there these they they're this those though three through to today told tomorrow
    tonight too two under until up us use used very want wanted was wasn't we we're we've well
    went were what when where which while who whose why will with without would yeah yes
    yesterday yet you you're your yours monday tuesday wednesday thursday friday saturday
    sunday january february march april may june july august september october november
    december christmas easter spring summer autumn winter english welsh scottish irish british
    european american african asian indian chinese polish england wales scotland ireland
    britain london dr mr mrs ms miss prof doctor nurse sister father judge sir lord lady
    practitioner practitioners manager managers specialist specialists consultant led act
    surgery practice receptionist reception appointment appointments letter letters referral
    team service services ward unit trust hospital clinic group nurses doctors assistant
    associate director student christian muslim facebook google twitter whatsapp zoom skype
    reddit instagram mental health mind rethink samaritans universal credit america world
    universe representation lived experience
    jesus christ lord satan obama trump bush clinton thatcher blair cameron santa internet
    gods folks reddit redditors redditor forum forums board mods mod admin admins op
    north south east west northern southern eastern western
    welsh dutch french german swiss greek jewish muslim hindu sikh catholic arab thai swede
    dane finn scot brit american americans autism adhd asperger aspergers martens dre pepper
    seuss strangelove phil oz watson sherlock
    """
)

NOT_AFTER_NAME_IS = word_set(
    """
    mud clear dirt important irrelevant unusual common different long short unique known wrong
    right private secret mentioned gone down blank anonymous fine real fake hard easy odd weird
    funny safe enough public below above attached mine yours misspelt misspelled usually often
    already
    """
)

GENERIC_IN_PLACES = word_set(
    """
    international united centre center house lodge
    locked open mixed ward wards admission admissions art arts mainstream grammar boarding
    faith church village dance music drama film summer law business nurse nurses doctors
    the drop-in job jobs recovery emergency urgent accident university royal state
    a acute admission admissions adolescent adult adults after all am an and another any are as
    at away back bad be because before behind big biggest both but by british broken busy camhs
    care cardiac carers central charity children children's childrens city clean closed cmht
    cold college community consultant council county crisis day dear dementia dental district
    dwp each eating elderly emergency empty england every female first for forensic foundation
    free from full general good gp had has having he health help her here high his home
    homeless hospital how i if in independent infant inpatient integrated intensive into is it
    its junior just last later leaving left like local long main major many maternity medical
    medium men's mental mh middle military minor mixed mobile modern mother most my national
    neighbourhood never new nhs no not now nuffield nursing nursery of off old older on one
    only open or other our out outpatient paediatric partnership perinatal pip place poor
    primary prison private psych psychiatric psychology psychotherapy public quiet recovery
    regional rehab rehabilitation rural safe same scottish second secondary secure senior she
    should sick since small so social some special specialist state stay still stroke such
    sunday support surgical teaching that the their then there these they third this those
    three to town two under university us very virtual walk-in was we welfare welsh wellcome
    were what when where which while who why with women's womens working yes you young your
    youth
    """
)

COMMON_NAMES = word_set(
    """
    smith jones taylor williams davies evans thomas johnson roberts wilson robinson wright
    thompson hughes edwards harris lewis clarke jackson patel khan ali ahmed hussain begum
    singh kaur shah moore clark harrison scott morris davis watson parker bennett cooper allen
    mitchell phillips anderson campbell kelly murphy o'brien o'connor sullivan walsh byrne ryan
    morgan james stewart macdonald mcdonald mackenzie ferguson reid murray simpson graham
    hamilton henderson kennedy griffiths owen powell jenkins rees pritchard mohammed rahman
    chowdhury miah akhtar malik iqbal mahmood sharma gupta kumar desai mehta rao reddy nair
    chan wong nguyen kowalski nowak okafor okonkwo adeyemi mensah osei abdi hassan ibrahim
    yusuf adams barnes chapman collins dixon ellis fletcher gibson goodwin gregory hawkins
    holmes howard hudson jordan lawson marshall matthews morrison newman nicholson osborne
    pearson perkins richards richardson rogers russell sanders saunders shaw simmons spencer
    stevens stevenson sutton turnbull wallace watkins watts webster whittaker wilkinson aaron
    abdul abigail adam adrian aisha alan alex alexander alice amanda amelia amy andrea andrew
    angela anita anna anne annie anthony antonia arthur ashley barbara becky ben benjamin
    bernard beth bethany brenda brian bridget cameron carl carol caroline catherine charles
    charlie charlotte cheryl chloe chris christina christine christopher claire clare colin
    connor craig daniel danielle darren dave david dawn deborah debbie denise derek diana diane
    dominic donna dorothy duncan edward eileen elaine eleanor elizabeth ella ellen emily emma
    eric erin eve fatima fiona fran frances francesca freya gareth gary gavin gemma geoff
    george georgia gillian gordon graeme hannah harriet hayley hazel heather helen henry holly
    howard ian imran isabel isabella jacob jacqueline jade jake jamie jan jane janet janice
    jasmine jason jean jennifer jenny jeremy jess jessica jim joan joanna joanne joe joel john
    jon jonathan joseph josh joshua joyce judith julia julian julie june karen kate katherine
    kathleen kathryn katie kayleigh keith kelly ken kenneth kerry kevin kieran kim kirsty laura
    lauren leah leanne lee leo lesley liam linda lisa liz louise lucy luke lynn maggie malcolm
    marcus margaret maria marie martha martin mary matt matthew maureen maya megan melanie
    melissa michael michelle mike mohammad molly monica muhammad nadia naomi natalie natasha
    nathan neil niamh nicholas nick nicola nicole nigel nina olivia oliver omar pamela patricia
    paul paula pauline pete peter phil philip phoebe priya rachael rachel raj ravi rebecca rhys
    richard robert roger ron rosemary ross ruth ryan sally sam samantha samuel sandra sara
    sarah sean shannon sharon shaun sheila shirley simon sophia sophie stacey stella stephanie
    stephen steve steven stuart sue susan suzanne sylvia tamsin tanya tara teresa thea theresa
    tim timothy tina toby tom tony tracey tracy trevor valerie vanessa veronica vicky victoria
    vincent wayne wendy yasmin yvonne zara zoe
    """
)
