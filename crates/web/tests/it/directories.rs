//! Sign-in by a directory, against a real slapd: what is asked of it, and what somebody meets at the pages.

mod asked;
mod pages;
