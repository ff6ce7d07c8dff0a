-- What every released column means. Both releases carry these comments, and docs/data-dictionary.md is
-- made of them; what the tables are stands in the comments of warehouse/schema/.

COMMENT ON COLUMN sources.source IS 'name of the source in valuetalk.toml';
COMMENT ON COLUMN sources.platform IS 'what it is read as: discourse, mastodon, html_forum, archive and so on';
COMMENT ON COLUMN sources.licence IS 'licence or terms under which its posts may be used';
COMMENT ON COLUMN sources.terms_note IS 'what the study wrote down about the terms of the site';
COMMENT ON COLUMN sources.ethics_ref IS 'reference of the ethics approval; null for organisations'' own sites';
COMMENT ON COLUMN sources.one_post_per_person IS
    'whether each post is a person''s only one, as in a survey: unknown authors then count as different people';
COMMENT ON COLUMN sources.first_harvest IS 'when it was first harvested';
COMMENT ON COLUMN sources.last_harvest IS 'when it was last harvested';

COMMENT ON COLUMN communities.source IS 'the source that it belongs to';
COMMENT ON COLUMN communities.community IS 'its name on the platform; unique within the source';
COMMENT ON COLUMN communities.name IS 'its name for readers';
COMMENT ON COLUMN communities.country IS
    'country where its people mostly are, two letters (ISO 3166); null where not said';
COMMENT ON COLUMN communities.role IS
    'whose voice it mostly is: service_users, carers, practitioners, movement, policy or mixed; null where not said';
COMMENT ON COLUMN communities.tags IS 'what else the study compares it by';

COMMENT ON COLUMN posts.post_id IS 'number of the post, given once and never again';
COMMENT ON COLUMN posts.source IS 'the source that it was read from';
COMMENT ON COLUMN posts.community IS 'the community that it stands in';
COMMENT ON COLUMN posts.thread_id IS 'the thread that it belongs to';
COMMENT ON COLUMN posts.parent_id IS
    'post_id of what it answers; null for what begins a thread, and where the answered post is not held';
COMMENT ON COLUMN posts.kind IS '''post'' (begins a thread) or ''comment'' (answers in one)';
COMMENT ON COLUMN posts.author_key IS
    'pseudonym of the account, the same for all its posts on the platform; null where unknown. For counting people, never for following one';
COMMENT ON COLUMN posts.created_at IS 'when it was written, UTC';
COMMENT ON COLUMN posts.edited_at IS 'when the platform says it was last edited; null where it does not say';
COMMENT ON COLUMN posts.harvested_at IS 'when the current revision was read';
COMMENT ON COLUMN posts.title IS 'title of what begins a thread; else empty';
COMMENT ON COLUMN posts.text IS 'the body with quotations; empty where there is only a title';
COMMENT ON COLUMN posts.own_text IS
    'title and body without quotations of others: what is tokenised, compared, classified and coded';
COMMENT ON COLUMN posts.language IS
    'detected language, two letters (ISO 639-1); null where a text is too short to tell';
COMMENT ON COLUMN posts.n_words IS 'own words; null until the current text is indexed';
COMMENT ON COLUMN posts.revision IS 'how many versions of it were seen; more than 1: it was edited';
COMMENT ON COLUMN posts.text_version IS 'version of the cleaning and redaction that made the texts';
COMMENT ON COLUMN posts.duplicate_of IS
    'post_id of the earliest post with nearly the same words; null where it is not a copy';
COMMENT ON COLUMN posts.automated IS 'whether a machine wrote it (bots, templates): kept out of every share';

COMMENT ON COLUMN threads.thread_id IS 'number of the thread, given once and never again';
COMMENT ON COLUMN threads.source IS 'the source that it was read from';
COMMENT ON COLUMN threads.community IS 'the community that it stands in';
COMMENT ON COLUMN threads.title IS 'title of its earliest released opening post; empty where there is none';
COMMENT ON COLUMN threads.started_at IS 'when its earliest released post was written';
COMMENT ON COLUMN threads.last_post_at IS 'when its latest released post was written';
COMMENT ON COLUMN threads.n_posts IS 'released posts of the thread';
COMMENT ON COLUMN threads.expected IS
    'posts that the platform counted in it when it was last read; null where it does not count';

COMMENT ON COLUMN tombstones.post_id IS 'number that the post had';
COMMENT ON COLUMN tombstones.source IS 'the source that it stood in';
COMMENT ON COLUMN tombstones.community IS 'the community that it stood in';
COMMENT ON COLUMN tombstones.reason IS 'how it went: deleted_by_author, removed, not_found; erased: on request';
COMMENT ON COLUMN tombstones.first_missed_at IS 'when a recheck first missed it';
COMMENT ON COLUMN tombstones.confirmed_at IS 'when a second check confirmed that it is gone';

COMMENT ON COLUMN runs.run_id IS 'name of the execution; figures and harvests bear it';
COMMENT ON COLUMN runs.flow IS 'what ran: nightly, recheck, backfill, import or a command';
COMMENT ON COLUMN runs.started_at IS 'when it began';
COMMENT ON COLUMN runs.finished_at IS 'when it ended; null while it runs, and where it was killed';
COMMENT ON COLUMN runs.status IS 'running, complete, partial (some source failed) or failed';
COMMENT ON COLUMN runs.version IS 'version of valuetalk that ran';
COMMENT ON COLUMN runs.error IS 'what went wrong; null where nothing did';

COMMENT ON COLUMN harvests.run_id IS 'the run that it was part of';
COMMENT ON COLUMN harvests.source IS 'the source that was read';
COMMENT ON COLUMN harvests.community IS 'the community that was read';
COMMENT ON COLUMN harvests.activity IS 'harvest, recheck or import';
COMMENT ON COLUMN harvests.expected IS 'posts that the platform promised; null where it does not count';
COMMENT ON COLUMN harvests.fetched IS 'posts that were read';
COMMENT ON COLUMN harvests.new IS 'posts that were not held before';
COMMENT ON COLUMN harvests.edited IS 'posts whose text had changed';
COMMENT ON COLUMN harvests.gone IS 'posts confirmed as gone';
COMMENT ON COLUMN harvests.dropped IS 'posts that were read and not kept';
COMMENT ON COLUMN harvests.drops IS 'those by reason';
COMMENT ON COLUMN harvests.gaps IS 'stretches of time whose posts the platform may have shown and shows no more';
COMMENT ON COLUMN harvests.requests IS 'requests sent';
COMMENT ON COLUMN harvests.not_modified IS 'answers that said that nothing had changed';
COMMENT ON COLUMN harvests.throttled_seconds IS 'seconds waited because the site asked for it';
COMMENT ON COLUMN harvests.status IS 'complete, partial, blocked or failed';
COMMENT ON COLUMN harvests.error IS 'what went wrong; null where nothing did';
COMMENT ON COLUMN harvests.evidence IS 'against what the reading of the platform was tested';
COMMENT ON COLUMN harvests.cut_threads IS 'threads of which less was read than the platform promised';
COMMENT ON COLUMN harvests.decisions IS 'decisions of politeness, by kind';

COMMENT ON COLUMN coverage.source IS 'the source';
COMMENT ON COLUMN coverage.community IS 'the community';
COMMENT ON COLUMN coverage.day IS 'day on which posts were written, UTC';
COMMENT ON COLUMN coverage.status IS 'how that day was read: complete, partial, missing or blocked';
COMMENT ON COLUMN coverage.n_posts IS 'posts of that day that are held; a day with 0 and complete was silent';

COMMENT ON COLUMN words.word_id IS 'number of the word, given once and never again';
COMMENT ON COLUMN words.word IS 'the token: a word, number, hashtag, emoji, pseudonym or redaction, in lower case';
COMMENT ON COLUMN words.n IS 'how often it stands in all released posts';
COMMENT ON COLUMN words.n_spoken IS
    'how often it stands in posts that people wrote, each text once: neither automated nor duplicates';

COMMENT ON COLUMN token_stream.g IS
    'running position over the whole corpus; the tokens of a post have consecutive ones';
COMMENT ON COLUMN token_stream.post_id IS 'the post';
COMMENT ON COLUMN token_stream.word_id IS 'the word that stands there';
COMMENT ON COLUMN token_places.run IS 'part of the index; within it, rows lie in the order of word and position';
COMMENT ON COLUMN token_places.word_id IS 'the word';
COMMENT ON COLUMN token_places.g IS 'a position where it stands';
COMMENT ON COLUMN token_posts.post_id IS 'the post';
COMMENT ON COLUMN token_posts.first_g IS 'position of its first token';
COMMENT ON COLUMN token_posts.n_tokens IS 'how many tokens it has';
COMMENT ON COLUMN tokens.post_id IS 'the post';
COMMENT ON COLUMN tokens.position IS 'place within the post, from 0';
COMMENT ON COLUMN tokens.word_id IS 'the word that stands there';

COMMENT ON COLUMN topics.model IS
    'name of the line of models that it belongs to, the same over nightly updates and refits';
COMMENT ON COLUMN topics.topic_id IS
    'number of the topic, given once in a study and never again; lines that were begun before version 8 of the schema each count from 0';
COMMENT ON COLUMN topics.label IS 'short label: as a person named it, else made of its most distinctive terms';
COMMENT ON COLUMN topics.terms IS
    'strongest terms, strongest first, words of a phrase with a blank between; in public only what 10 authors wrote';
COMMENT ON COLUMN topics.distinctive_terms IS
    'terms that are frequent here and seldom in other topics, the most distinctive first; in public only what 10 authors wrote';
COMMENT ON COLUMN topics.born_on IS 'day on which it was found';
COMMENT ON COLUMN topics.retired_on IS
    'day on which it was retired or merged, or a newer line took the place of its own; null while in use';
COMMENT ON COLUMN topics.n_posts IS 'counted posts that it leads, or led when its line was in use last';
COMMENT ON COLUMN topics.coherence IS 'how far its terms occur together (NPMI, -1 to 1); null where undefined';
COMMENT ON COLUMN topics.exclusivity IS
    'how far its terms are of this topic alone, 0 to 1; null where it was not measured';
COMMENT ON COLUMN topics.version IS
    'version of the model that the terms are of: topic_versions; null before there were versions';

COMMENT ON COLUMN duplicate_families.original IS 'post_id of the earliest post of the family';
COMMENT ON COLUMN duplicate_families.n_posts IS 'posts of the family, the original among them';
COMMENT ON COLUMN duplicate_families.n_authors IS
    'different known authors; families of exactly one are left out, 0: the authors are unknown';
COMMENT ON COLUMN duplicate_families.n_communities IS 'communities that they stand in';
COMMENT ON COLUMN duplicate_families.n_sources IS 'sources that they stand in';
COMMENT ON COLUMN duplicate_families.first_at IS 'when the earliest was written';
COMMENT ON COLUMN duplicate_families.last_at IS 'when the latest was written';
COMMENT ON COLUMN duplicate_families.span_hours IS 'hours between the two';
COMMENT ON COLUMN duplicate_families.share_verbatim IS
    'share of the copies whose own words are those of the original to the letter, 0 to 1';
COMMENT ON COLUMN duplicate_families.n_words IS 'own words of the original';

COMMENT ON COLUMN document_statistics.source IS 'the source';
COMMENT ON COLUMN document_statistics.community IS 'the community';
COMMENT ON COLUMN document_statistics.month IS 'first day of the month (UTC)';
COMMENT ON COLUMN document_statistics.n_posts IS 'all released posts';
COMMENT ON COLUMN document_statistics.n_automated IS 'of these, those that a program wrote';
COMMENT ON COLUMN document_statistics.n_duplicates IS 'of the others, near-duplicates of earlier posts';
COMMENT ON COLUMN document_statistics.n_spoken IS
    'posts that people wrote, each text once, with at least one own word: what corpus queries count';
COMMENT ON COLUMN document_statistics.n_tokens IS 'tokens of these';
COMMENT ON COLUMN document_statistics.mean_tokens IS 'tokens of one of these on average';
COMMENT ON COLUMN document_statistics.median_tokens IS 'tokens of the middle one of these';
COMMENT ON COLUMN document_statistics.n_threads IS 'threads that they stand in';
COMMENT ON COLUMN document_statistics.n_authors IS 'different known authors of them';

COMMENT ON COLUMN post_topics.model IS 'name of the line of models';
COMMENT ON COLUMN post_topics.post_id IS 'the post';
COMMENT ON COLUMN post_topics.topic_id IS 'the topic';
COMMENT ON COLUMN post_topics.weight IS 'share of the post that is about it, 0 to 1; shares under 0.05 are not kept';

COMMENT ON COLUMN topic_posts.model IS 'name of the line of models';
COMMENT ON COLUMN topic_posts.post_id IS 'the post; only posts that count have a row';
COMMENT ON COLUMN topic_posts.topic_id IS 'the topic of greatest weight; null where no topic accounts for it';
COMMENT ON COLUMN topic_posts.explained IS
    'how much of the post its topics account for, 0 to 1: a low share says that the model has no topic for it; null where it was not measured';

COMMENT ON COLUMN topic_versions.model IS 'name of the line of models';
COMMENT ON COLUMN topic_versions.version IS
    'number of the version that is in use afterwards; where accepted is false, the one before stayed';
COMMENT ON COLUMN topic_versions.day IS 'night on which it was made';
COMMENT ON COLUMN topic_versions.kind IS
    'fit (a new line), update (from what was new that night) or refit (to all counted posts)';
COMMENT ON COLUMN topic_versions.accepted IS
    'whether topics kept their identity well enough for the version to be used';
COMMENT ON COLUMN topic_versions.score IS
    'how well topics kept their identity against the version before, 0 to 1; null for a fit';
COMMENT ON COLUMN topic_versions.reason IS 'why it was accepted or refused';
COMMENT ON COLUMN topic_versions.n_posts IS 'posts that were read for it';
COMMENT ON COLUMN topic_versions.digest IS
    'SHA-256 of the model as it was saved that night; the same data, version and seed give the same on one machine';

COMMENT ON COLUMN topic_terms.model IS 'name of the line of models';
COMMENT ON COLUMN topic_terms.version IS 'version of the model';
COMMENT ON COLUMN topic_terms.topic_id IS 'the topic';
COMMENT ON COLUMN topic_terms.terms IS 'strongest terms, strongest first; words that no post holds any more are left out';
COMMENT ON COLUMN topic_terms.weights IS 'their weights, in that order; all weights of a topic have Euclidean length one';

COMMENT ON COLUMN topic_moves.model IS 'name of the line of models';
COMMENT ON COLUMN topic_moves.version IS 'version of the model that assigned the posts anew';
COMMENT ON COLUMN topic_moves.from_model IS 'line that they were assigned by before';
COMMENT ON COLUMN topic_moves.from_topic IS 'topic that led them before; null for none';
COMMENT ON COLUMN topic_moves.topic_id IS 'topic that leads them since; null for none';
COMMENT ON COLUMN topic_moves.n_posts IS 'how many posts; those that stayed are counted too';

COMMENT ON COLUMN topic_names.topic_id IS 'the topic';
COMMENT ON COLUMN topic_names.label IS 'what a person calls it';
COMMENT ON COLUMN topic_names.note IS 'what they noted of it; empty where nothing';
COMMENT ON COLUMN topic_names.named_on IS 'when it was named last';

COMMENT ON COLUMN topic_trends.run_id IS 'the run that made the figure';
COMMENT ON COLUMN topic_trends.model IS 'name of the line of models';
COMMENT ON COLUMN topic_trends.topic_id IS 'the topic';
COMMENT ON COLUMN topic_trends.source IS 'the source';
COMMENT ON COLUMN topic_trends.community IS 'the community';
COMMENT ON COLUMN topic_trends.bin IS 'length of the period: month, or week from Monday';
COMMENT ON COLUMN topic_trends.period IS 'first day of the period';
COMMENT ON COLUMN topic_trends.share IS
    'share of the counted posts of community and period whose leading topic it is, 0 to 1; null where withheld';
COMMENT ON COLUMN topic_trends.lower IS 'lower bound of the 95 % interval';
COMMENT ON COLUMN topic_trends.upper IS 'upper bound of the 95 % interval';
COMMENT ON COLUMN topic_trends.n_posts IS 'all counted posts of community and period, whatever their topic';

COMMENT ON COLUMN topic_effects.run_id IS 'the run that made the figure';
COMMENT ON COLUMN topic_effects.model IS 'name of the line of models';
COMMENT ON COLUMN topic_effects.topic_id IS 'the topic';
COMMENT ON COLUMN topic_effects.term IS
    'what the row is about: a community, a role or country (its communities at fixed weights), or a period (all communities at fixed weights)';
COMMENT ON COLUMN topic_effects.source IS 'the source of a community; else empty';
COMMENT ON COLUMN topic_effects.community IS 'the community; empty where the row is about something else';
COMMENT ON COLUMN topic_effects.level IS 'the role or country; empty where the row is about something else';
COMMENT ON COLUMN topic_effects.bin IS 'length of a period: month, or week from Monday';
COMMENT ON COLUMN topic_effects.period IS 'first day of the period; null where the row is about all periods';
COMMENT ON COLUMN topic_effects.estimate IS
    'mean share that the topic has in posts, 0 to 1: of a level over all periods that were seen, or of a period over all communities; null where refused or withheld';
COMMENT ON COLUMN topic_effects.lower IS 'lower bound of the 95 % interval';
COMMENT ON COLUMN topic_effects.upper IS 'upper bound of the 95 % interval';
COMMENT ON COLUMN topic_effects.band_lower IS
    'lower bound of the band that holds the whole course over the periods with 95 % confidence; null but for periods';
COMMENT ON COLUMN topic_effects.band_upper IS 'upper bound of that band';
COMMENT ON COLUMN topic_effects.difference IS
    'how much more the level has of the topic than all communities together have; null for periods';
COMMENT ON COLUMN topic_effects.difference_lower IS 'lower bound of the 95 % interval of the difference';
COMMENT ON COLUMN topic_effects.difference_upper IS 'upper bound of the 95 % interval of the difference';
COMMENT ON COLUMN topic_effects.q_value IS
    'chance of so great a difference if there were none, adjusted over the topics and levels of the term (Benjamini and Hochberg); for periods, of the whole course being level, adjusted over topics';
COMMENT ON COLUMN topic_effects.n_posts IS 'counted posts that it rests on';
COMMENT ON COLUMN topic_effects.n_authors IS 'different authors of them; unknown ones count as different people';
COMMENT ON COLUMN topic_effects.share_seen IS
    'how much of the fixed weights the communities have of which enough was seen in the period, 0 to 1; null but for periods';
COMMENT ON COLUMN topic_effects.share_complete IS
    'how much of the period was harvested completely, over the communities that are harvested and since they are; null where that is not known, and but for periods';
COMMENT ON COLUMN topic_effects.refused_because IS 'why there is no figure; null where there is one';
COMMENT ON COLUMN topic_effects.method IS 'how uncertainty was estimated';

COMMENT ON COLUMN topic_events.model IS 'name of the line of models';
COMMENT ON COLUMN topic_events.topic_id IS 'the topic; null where it is the whole model';
COMMENT ON COLUMN topic_events.day IS 'when it happened';
COMMENT ON COLUMN topic_events.event IS
    'what happened: born, retired, merged (into other_id), split (from other_id), drifted (its terms changed); to the whole model: kept (a version was refused) or refitted';
COMMENT ON COLUMN topic_events.other_id IS 'the other topic of a merger or split; null where there is none';
COMMENT ON COLUMN topic_events.detail IS 'what happened and why, in a sentence';
COMMENT ON COLUMN topic_events.evidence IS
    'numbers on which it was decided, as JSON; null where there are none. In public, numbers of posts and people are rounded, and left out where they are small';

COMMENT ON COLUMN frames.frame IS 'key of the frame';
COMMENT ON COLUMN frames.name IS 'its name for readers';
COMMENT ON COLUMN frames.family IS 'group of frames that it belongs to';
COMMENT ON COLUMN frames.definition IS 'what a post says that expresses it';
COMMENT ON COLUMN frames.codebook_version IS 'version of the codebook that defines it so';

COMMENT ON COLUMN draws.post_id IS 'the post that was drawn';
COMMENT ON COLUMN draws.wave IS 'round of drawing';
COMMENT ON COLUMN draws.pool IS '''train'' (teaches the classifier) or ''measure'' (prevalence stands on it)';
COMMENT ON COLUMN draws.stratum IS 'part of the corpus that it was drawn from';
COMMENT ON COLUMN draws.inclusion_probability IS
    'chance of being drawn, over all waves; null in the train pool, which measures nothing';
COMMENT ON COLUMN draws.drawn_on IS 'day of the draw';
COMMENT ON COLUMN draws.state IS
    'drawn (waits), coded (by somebody), skipped (by all who were given it); the row of an erased post goes with it, see draw_counts';

COMMENT ON COLUMN draw_counts.wave IS 'round of drawing';
COMMENT ON COLUMN draw_counts.pool IS '''train'' or ''measure''';
COMMENT ON COLUMN draw_counts.stratum IS 'part of the corpus that was drawn from';
COMMENT ON COLUMN draw_counts.drawn_on IS 'day of the draw';
COMMENT ON COLUMN draw_counts.n_posts IS 'posts that could be drawn';
COMMENT ON COLUMN draw_counts.n_expected IS
    'posts that the probabilities of this wave promise, those drawn in earlier waves among them; null in the train pool, which is chosen';
COMMENT ON COLUMN draw_counts.n_drawn IS
    'posts that this wave added; those that draws no longer has were erased since';
COMMENT ON COLUMN draw_counts.seed IS 'seed of the posts'' own random numbers, the same in every wave';

COMMENT ON COLUMN draw_chances.post_id IS 'a post of the measure pool';
COMMENT ON COLUMN draw_chances.wave IS 'round of drawing, that of the post or a later one';
COMMENT ON COLUMN draw_chances.inclusion_probability IS
    'chance of being drawn over all waves up to this one: to estimate with while later ones are not coded';

COMMENT ON COLUMN assignments.post_id IS 'the post';
COMMENT ON COLUMN assignments.coder IS 'label of the coder who was given it; never a name';
COMMENT ON COLUMN assignments.wave IS 'round of drawing that it came from';
COMMENT ON COLUMN assignments.sheet IS 'name of the sheet that it stands on';
COMMENT ON COLUMN assignments.assigned_on IS 'day on which it counts for what a coder may be given';

COMMENT ON COLUMN skips.post_id IS 'the post';
COMMENT ON COLUMN skips.coder IS 'label of the coder who skipped it; never a name';
COMMENT ON COLUMN skips.wave IS 'round of drawing that it came from';
COMMENT ON COLUMN skips.reason IS 'why, in the words of the sheet; empty where not said';
COMMENT ON COLUMN skips.skipped_at IS 'when it was skipped';

COMMENT ON COLUMN coding_notes.post_id IS 'the post';
COMMENT ON COLUMN coding_notes.coder IS 'label of the coder who noted it; never a name';
COMMENT ON COLUMN coding_notes.note IS 'what was noted, without structured identifiers';
COMMENT ON COLUMN coding_notes.noted_at IS 'when it was noted';

COMMENT ON COLUMN adjudications.post_id IS 'the post';
COMMENT ON COLUMN adjudications.frame IS 'the frame';
COMMENT ON COLUMN adjudications.value IS
    '1: the post expresses the frame; 0: it does not. It stands for the codings of all coders';
COMMENT ON COLUMN adjudications.decided_by IS 'label of whoever decided; never a name';
COMMENT ON COLUMN adjudications.codebook_version IS 'version of the codebook that was decided by';
COMMENT ON COLUMN adjudications.decided_at IS 'when it was decided';

COMMENT ON COLUMN codebooks.codebook_version IS 'version of the codebook';
COMMENT ON COLUMN codebooks.name IS 'name of the codebook';
COMMENT ON COLUMN codebooks.language IS 'language of the posts that it is for, two letters (ISO 639-1)';
COMMENT ON COLUMN codebooks.notes IS 'how doubtful cases are settled';
COMMENT ON COLUMN codebooks.digest IS 'checksum of all that the version says';
COMMENT ON COLUMN codebooks.recorded_on IS 'day on which the study began to use it';

COMMENT ON COLUMN frame_guides.codebook_version IS 'version of the codebook';
COMMENT ON COLUMN frame_guides.frame IS 'key of the frame';
COMMENT ON COLUMN frame_guides.position IS 'its place in the codebook, from 0';
COMMENT ON COLUMN frame_guides.includes IS 'what belongs to it';
COMMENT ON COLUMN frame_guides.excludes IS 'what does not belong to it';
COMMENT ON COLUMN frame_guides.sources IS 'literature that it is taken from';
COMMENT ON COLUMN frame_guides.plain IS 'what it is in plain words; empty where the codebook has none';
COMMENT ON COLUMN frame_guides.examples IS 'invented examples';
COMMENT ON COLUMN frame_guides.counts_from IS
    'earliest version whose codings of the frame count for this one, since its meaning is the same';

COMMENT ON COLUMN codings.post_id IS 'the post';
COMMENT ON COLUMN codings.frame IS 'the frame';
COMMENT ON COLUMN codings.coder IS 'who coded, as the study names its coders';
COMMENT ON COLUMN codings.value IS '1: the post expresses the frame; 0: it does not';
COMMENT ON COLUMN codings.codebook_version IS 'version of the codebook that was used';
COMMENT ON COLUMN codings.wave IS 'round of coding';
COMMENT ON COLUMN codings.coded_at IS 'when it was coded';

COMMENT ON COLUMN frame_scores.run_id IS 'the run that scored';
COMMENT ON COLUMN frame_scores.post_id IS 'the post';
COMMENT ON COLUMN frame_scores.frame IS 'the frame';
COMMENT ON COLUMN frame_scores.probability IS
    'calibrated probability that the post expresses the frame, 0 to 1; not to be summed or cut: frame_prevalence has the shares';
COMMENT ON COLUMN frame_scores.classifier IS 'name of the classifier';

COMMENT ON COLUMN frame_prevalence.run_id IS 'the run that made the figure';
COMMENT ON COLUMN frame_prevalence.frame IS 'the frame';
COMMENT ON COLUMN frame_prevalence.source IS 'the source';
COMMENT ON COLUMN frame_prevalence.community IS 'the community';
COMMENT ON COLUMN frame_prevalence.bin IS 'length of the period: month, or week from Monday';
COMMENT ON COLUMN frame_prevalence.period IS 'first day of the period';
COMMENT ON COLUMN frame_prevalence.estimate IS
    'share of the counted posts that express the frame, 0 to 1; null where refused or withheld';
COMMENT ON COLUMN frame_prevalence.lower IS 'lower bound of the 95 % interval of this period alone';
COMMENT ON COLUMN frame_prevalence.upper IS 'upper bound of the 95 % interval of this period alone';
COMMENT ON COLUMN frame_prevalence.band_lower IS
    'lower bound of the band in which all periods of the curve lie together (95 %)';
COMMENT ON COLUMN frame_prevalence.band_upper IS 'upper bound of that band';
COMMENT ON COLUMN frame_prevalence.q_value IS
    'false discovery rate at which the period differs from the other periods of its curve';
COMMENT ON COLUMN frame_prevalence.n_posts IS 'counted posts of community and period';
COMMENT ON COLUMN frame_prevalence.n_coded IS 'posts of the measure pool among them that people coded';
COMMENT ON COLUMN frame_prevalence.effective_n IS
    'codings of the community inside the window that its correction is pooled over, as many as would weigh the same';
COMMENT ON COLUMN frame_prevalence.borrowed IS
    'weight of codings of other communities in the correction, 0 to 1; 1: the figures are those of the source or of all';
COMMENT ON COLUMN frame_prevalence.refused_because IS 'why there is no estimate; null where there is one';
COMMENT ON COLUMN frame_prevalence.method IS 'estimator and its version';
COMMENT ON COLUMN frame_prevalence.classifier IS 'classifier whose scores sharpen the estimate; none: codings alone';
COMMENT ON COLUMN frame_prevalence.codebook_version IS 'version of the codebook';

COMMENT ON COLUMN frame_topics.run_id IS 'the run that made the figure';
COMMENT ON COLUMN frame_topics.model IS 'name of the line of models';
COMMENT ON COLUMN frame_topics.topic_id IS 'the topic';
COMMENT ON COLUMN frame_topics.frame IS 'the frame';
COMMENT ON COLUMN frame_topics.bin IS 'length of the period: month, or week from Monday';
COMMENT ON COLUMN frame_topics.period IS 'first day of the period';
COMMENT ON COLUMN frame_topics.share IS
    'share of the counted posts led by the topic that express the frame, 0 to 1, over all communities; null where refused or withheld';
COMMENT ON COLUMN frame_topics.lower IS 'lower bound of the 95 % interval';
COMMENT ON COLUMN frame_topics.upper IS 'upper bound of the 95 % interval';
COMMENT ON COLUMN frame_topics.n_posts IS 'counted posts of the period that the topic leads';

COMMENT ON COLUMN coverage_by_period.source IS 'the source';
COMMENT ON COLUMN coverage_by_period.community IS 'the community';
COMMENT ON COLUMN coverage_by_period.bin IS 'length of the period: month, or week from Monday';
COMMENT ON COLUMN coverage_by_period.period IS 'first day of the period';
COMMENT ON COLUMN coverage_by_period.share_complete IS
    'share of the days of the period that were read completely, 0 to 1';
COMMENT ON COLUMN coverage_by_period.gaps IS 'days of the period that were tried and not read completely';

COMMENT ON COLUMN evaluations.run_id IS 'the run that made the figure';
COMMENT ON COLUMN evaluations.kind IS 'agreement (of coders), classifier or calibration';
COMMENT ON COLUMN evaluations.frame IS 'the frame; all: the mean over frames';
COMMENT ON COLUMN evaluations.measure IS 'what is measured: alpha, f1, average_precision, brier_skill and so on';
COMMENT ON COLUMN evaluations.value IS 'its value; null where undefined';
COMMENT ON COLUMN evaluations.lower IS 'lower bound of the 95 % interval';
COMMENT ON COLUMN evaluations.upper IS 'upper bound of the 95 % interval';
COMMENT ON COLUMN evaluations.n IS 'posts that it stands on';
COMMENT ON COLUMN evaluations.version IS 'version of the codebook or classifier';

COMMENT ON COLUMN series_levels.run_id IS 'the run that smoothed it';
COMMENT ON COLUMN series_levels.series IS 'table of the series: frame_prevalence';
COMMENT ON COLUMN series_levels.frame IS 'the frame';
COMMENT ON COLUMN series_levels.source IS 'the source';
COMMENT ON COLUMN series_levels.community IS 'the community';
COMMENT ON COLUMN series_levels.bin IS 'length of the period: month, or week from Monday';
COMMENT ON COLUMN series_levels.period IS 'first day of a period that was measured; gaps have no row';
COMMENT ON COLUMN series_levels.level IS 'smoothed share of counted posts that express the frame';
COMMENT ON COLUMN series_levels.lower IS 'lower bound of the 95 % band of this period';
COMMENT ON COLUMN series_levels.upper IS 'upper bound of the 95 % band of this period';
COMMENT ON COLUMN series_levels.change_probability IS
    'probability that the level changed at this period; 1 at a break of the series, which no talk made';

COMMENT ON COLUMN changes.run_id IS 'the run that found it';
COMMENT ON COLUMN changes.series IS 'table of the series: frame_prevalence or topic_trends';
COMMENT ON COLUMN changes.frame IS 'the frame; null where the series is a topic''s';
COMMENT ON COLUMN changes.topic_id IS 'the topic; null where the series is a frame''s';
COMMENT ON COLUMN changes.source IS 'the source';
COMMENT ON COLUMN changes.community IS 'the community';
COMMENT ON COLUMN changes.bin IS 'length of the period: month, or week from Monday';
COMMENT ON COLUMN changes.period IS 'first day of the period from which on it holds';
COMMENT ON COLUMN changes.kind IS
    'difference (to the period before), change_point, break (of method or source) or event';
COMMENT ON COLUMN changes.estimate IS 'size of the change, in shares; null where withheld';
COMMENT ON COLUMN changes.lower IS 'lower bound of the 95 % interval';
COMMENT ON COLUMN changes.upper IS 'upper bound of the 95 % interval';
COMMENT ON COLUMN changes.q_value IS 'false discovery rate at which it is told';
COMMENT ON COLUMN changes.reason IS 'what is told, in words';

COMMENT ON COLUMN events.event_id IS 'number of the event';
COMMENT ON COLUMN events.day IS 'when it happened';
COMMENT ON COLUMN events.label IS 'what happened';
COMMENT ON COLUMN events.url IS 'where it can be read about; null where nowhere';

COMMENT ON COLUMN examples.frame IS 'the frame that it is an example of';
COMMENT ON COLUMN examples.kind IS 'how it was written: paraphrase and the like, never a quotation';
COMMENT ON COLUMN examples.text IS 'the example, in the words of the study';
COMMENT ON COLUMN examples.month IS 'month of the posts that it is made from';

COMMENT ON COLUMN exports.who IS 'who was given the file';
COMMENT ON COLUMN exports.what IS 'what it holds: the command and its question, and what was taken out';
COMMENT ON COLUMN exports.n_rows IS 'how many rows';
COMMENT ON COLUMN exports.sha256 IS 'SHA-256 of the file';
COMMENT ON COLUMN exports.exported_at IS 'when it was written';

COMMENT ON COLUMN subcorpora.name IS 'name of the selection';
COMMENT ON COLUMN subcorpora.definition IS 'the condition that selects its posts';
COMMENT ON COLUMN subcorpora.sha256 IS 'SHA-256 of the definition';
