-- [P] How much of the talk expresses each frame, in which community and period?
--
-- Columns: estimate is the share of counted posts that express the frame, lower and upper its
-- interval (95 %); band_lower and band_upper enclose all periods of a curve together, so a line
-- drawn inside the band is a history that the data allow. n_posts posts count, n_coded of them were
-- coded by people; borrowed is the part that other communities' codings have in the figure, and
-- where it is 1 the figure is that of the whole source, or of all, and says nothing of the
-- community; share_complete of the period's days were read completely.
-- Cautions: where estimate is empty, refused_because says why; do not read it as zero. Compare
-- periods by whether their bands part, not by whether estimates differ. The figures stand on the
-- codings of the measure pool; counting frame_scores in their place would give the classifier's bias.
-- To change: add AND frame = 'contestation' for one frame.
SELECT frame, source, community, bin, period, estimate, lower, upper, band_lower, band_upper,
       n_posts, n_coded, borrowed, share_complete, refused_because
FROM frame_prevalence LEFT JOIN coverage_by_period USING (source, community, bin, period)
WHERE run_id = (SELECT max(run_id) FROM frame_prevalence)
ORDER BY frame, source, community, period;
