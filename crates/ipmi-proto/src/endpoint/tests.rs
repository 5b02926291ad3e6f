//! Every rule of the endpoint, by name. Consoles here are made by hand, so that they can do what no console does.

mod bench;
mod commands;
mod guard;
mod hijack;
mod hostile;
mod in_session;
mod limits;
mod model;
mod requests;
mod sessionless;
mod sessions_v15;
mod setup;
mod sol;
mod transitions;
mod users;
