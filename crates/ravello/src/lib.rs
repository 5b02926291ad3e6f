//! A client of the Ravello REST API; implements the Backend port.
