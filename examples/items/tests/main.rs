//! How the access of an application is tested. [`access`] is what every application should have: the table of who may
//! call what, to be reviewed when it changes, and the guard asked whether it agrees. The rest is what only handlers know.

mod access;
mod actors;
mod changes;
mod readme;
