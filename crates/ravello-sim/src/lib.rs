//! A simulator of the Ravello cloud: its REST API, its state machine and its faults.
