//! The machine: what it is, and how much processor time was used.

use std::fs;
use std::time::Duration;

use crate::options::Options;

/// Says what was measured, where and when.
pub fn describe(options: &Options) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or("unknown");
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = read("/proc/meminfo");
    let gib = memory
        .lines()
        .find_map(|l| l.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok())
        .map_or(0, |kib| kib / 1_048_576);
    let load = read("/proc/loadavg");
    let load: Vec<&str> = load.split(' ').take(3).collect();
    let build = if cfg!(debug_assertions) { "not optimized" } else { "release build" };
    format!(
        "Measured {}: {} incidents, {build}, {model}, {cores} cores, {gib} GiB, load average {} at the start.\n",
        jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC"),
        options.records,
        load.join(", "),
    )
}

/// Whose processor time counts: this program's, and a database server's with its children.
#[derive(Debug, Clone, Copy)]
pub struct Processor {
    server: Option<u32>,
}

impl Processor {
    /// Counts this program and the server of this process number.
    pub fn new(server: Option<u32>) -> Self {
        Self { server }
    }

    /// The processor time used so far.
    pub fn used(&self) -> Duration {
        let own = stat("self").map_or(0, |stat| stat.own);
        Duration::from_millis((own + self.server.map_or(0, of_server)) * 10)
    }
}

/// Counters of a process, in hundredths of a second.
struct Stat {
    parent: u32,
    own: u64,
    children: u64,
}

fn stat(process: &str) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // the name of the program, in parentheses, may hold blanks
    let rest = text.rsplit_once(')')?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|f| f.parse::<u64>().ok());
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: number(11)? + number(12)?,
        children: number(13)? + number(14)?,
    })
}

fn of_server(process: u32) -> u64 {
    let root = stat(&process.to_string()).map_or(0, |stat| stat.own + stat.children);
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = all.filter_map(|entry| entry.file_name().into_string().ok());
    let children =
        names.filter(|name| name.starts_with(|c: char| c.is_ascii_digit())).filter_map(|n| stat(&n));
    root + children.filter(|stat| stat.parent == process).map(|stat| stat.own).sum::<u64>()
}

/// A line of `/proc/PROCESS/status` in kB, as MiB.
pub fn memory_mib(process: u32, line: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let value = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':'))?;
    value.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kib| kib / 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::{Processor, memory_mib};

    #[test]
    fn own_time_and_memory_are_read() {
        let before = Processor::new(None).used();
        let mut sum = 0_u64;
        while Processor::new(None).used() == before {
            sum = (0..100_000).fold(sum, |sum: u64, n| sum.wrapping_mul(31).wrapping_add(n));
        }
        assert!(memory_mib(std::process::id(), "VmRSS").is_some_and(|mib| mib > 1.0), "{sum}");
    }
}
