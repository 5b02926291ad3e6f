//! Applies what BMC clients asked for: the journal of intents, admission, the planner, and one loop per application.
