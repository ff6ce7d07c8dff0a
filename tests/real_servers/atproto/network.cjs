// A whole AT Protocol network on 127.0.0.1 with invented people. Commands come as lines on stdin,
// answers leave as lines of JSON on stdout; the first says where the AppView and the PDS listen.
const net = require('node:net')
const readline = require('node:readline')
const path = require('node:path')
const { pathToFileURL } = require('node:url')

// the servers name no host when they listen, which would open them to the network
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  if (typeof first === 'number' || typeof first === 'string') {
    return listen.call(this, { port: Number(first), host: '127.0.0.1' }, ...rest.filter((r) => typeof r === 'function'))
  }
  return listen.call(this, typeof first === 'object' ? { ...first, host: '127.0.0.1' } : first, ...rest)
}
require('node:dns').setDefaultResultOrder('ipv4first')

const DEV_ENV = path.join(process.env.ATPROTO_FOLDER, 'node_modules/@atproto/dev-env/dist/index.js')

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)
const START = Date.parse('2026-03-01T10:00:00Z')
const at = (minutes) => new Date(START + minutes * 60000).toISOString()
const PASSWORD = 'invented-pass'

async function join(network, name) {
  const agent = network.pds.getAgent()
  await agent.createAccount({ handle: `${name}.test`, email: `${name}@mail.test`, password: PASSWORD })
  return agent
}

const refer = (made) => ({ uri: made.uri, cid: made.cid })
const write = (agent, text, minutes, more = {}) => agent.post({ text, createdAt: at(minutes), ...more })
const answer = (root, parent) => ({ reply: { root: refer(root), parent: refer(parent) } })

async function seed(network) {
  const [mira, jonas, shy] = [await join(network, 'mira'), await join(network, 'jonas'), await join(network, 'shy')]
  const said = {}
  const note = (made, text, parent) => {
    said[made.uri] = { text, parent: parent ? parent.uri : null }
    return made
  }
  const first = 'Værdi & samskabelse: 价值是什么? 😀 #coproduction'
  const root = note(await write(mira, first, 0), first)
  let last = root
  for (let n = 1; n <= 12; n++) {
    const [who, parent] = [n % 2 ? jonas : mira, n % 3 === 0 ? last : root]
    last = note(await write(who, `Reply ${n} about value`, n, answer(root, parent)), `Reply ${n} about value`, parent)
  }
  const mention = 'Thank you @jonas.test for coming'
  const facet = { index: { byteStart: 10, byteEnd: 21 }, features: [{ $type: 'app.bsky.richtext.facet#mention', did: jonas.assertDid }] }
  note(await write(mira, mention, 20, { facets: [facet] }), mention)
  const quoting = await write(jonas, 'Quoting this: value is collective', 21, { embed: { $type: 'app.bsky.embed.record', record: refer(root) } })
  await mira.repost(quoting.uri, quoting.cid)
  for (let n = 1; n <= 120; n++) {
    note(await write(mira, `Diary ${n}: value of peer work`, 30 + n), `Diary ${n}: value of peer work`)
  }
  await shy.com.atproto.repo.putRecord({
    repo: shy.assertDid, collection: 'app.bsky.actor.profile', rkey: 'self',
    record: { $type: 'app.bsky.actor.profile', labels: { $type: 'com.atproto.label.defs#selfLabels', values: [{ val: '!no-unauthenticated' }] } },
  })
  const hidden = await write(shy, 'Only for those with a login', 25, answer(root, root))
  await network.processAll(60000)
  return { mira, jonas, shy, said, root, hidden }
}

async function change(network, seeded) {
  const uris = Object.keys(seeded.said)
  const find = (text) => uris.find((uri) => seeded.said[uri].text === text)
  const [edited, deleted] = [find('Diary 7: value of peer work'), find('Diary 8: value of peer work')]
  const [, , repo, collection, rkey] = edited.split('/')
  await seeded.mira.com.atproto.repo.putRecord({
    repo, collection, rkey, record: { $type: collection, text: 'Diary 7, put otherwise', createdAt: at(37) },
  })
  await seeded.mira.deletePost(deleted)
  const late = await write(seeded.jonas, 'A late reply about value', 400, answer(seeded.root, seeded.root))
  await network.processAll(60000)
  return { edited, deleted, late: late.uri }
}

async function main() {
  const { TestNetwork } = await import(pathToFileURL(DEV_ENV).href)
  const network = await TestNetwork.create({ dbPostgresSchema: 'valuetalk', pds: { hostname: 'localhost' }, plc: {}, bsky: {}, ozone: {} })
  const seeded = await seed(network)
  say({
    appview: `http://127.0.0.1:${network.bsky.port}`, pds: `http://127.0.0.1:${network.pds.port}`,
    said: seeded.said, root: seeded.root.uri, hidden: seeded.hidden.uri, password: PASSWORD,
    people: { mira: seeded.mira.assertDid, jonas: seeded.jonas.assertDid },
  })
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line === 'change') say(await change(network, seeded))
    if (line === 'quit') break
  }
  process.exit(0)
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`)
  process.exit(1)
})
