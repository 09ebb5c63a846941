//! The allocator of the program, and how soon a server gives memory back.

/// Pages and imports make many small texts; glibc's allocator took a tenth to a quarter of their time.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long mimalloc waits before it gives back what is free, in milliseconds.
#[cfg(unix)]
const DELAY: &str = "MIMALLOC_PURGE_DELAY";

/// Lets a server give memory back as soon as it is free, unless the environment says otherwise. Waiting, which is faster for
/// short commands, means until the same thread allocates again: after a conformity run or figures, that are made by threads
/// of their own, tens of megabytes stayed for good. mimalloc reads this before `main`, so the program replaces itself once;
/// where that fails, it goes on with more memory. Called before anything else begins; gives why it failed, for the log.
#[cfg(unix)]
pub fn give_back_at_once() -> Option<std::io::Error> {
    use std::os::unix::process::CommandExt as _;
    if std::env::var_os(DELAY).is_some() {
        return None;
    }
    let mut words = std::env::args_os();
    let (Ok(program), Some(name)) = (std::env::current_exe(), words.next()) else { return None };
    Some(std::process::Command::new(program).arg0(name).args(words).env(DELAY, "0").exec())
}

/// Elsewhere the environment may say it.
#[cfg(not(unix))]
pub fn give_back_at_once() -> Option<std::io::Error> {
    None
}
