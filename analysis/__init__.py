"""Pure estimators on arrays: topics, frames, prevalence, series, and the dashboard they feed."""
