//! The machine: cores to run on, and what a process or a thread has used.

use std::{fs, process::Command, time::Duration};

use anyhow::Context as _;
use rustix::{
    thread::{CpuSet, sched_setaffinity},
    time::{ClockId, clock_gettime},
};

/// Where what is measured runs.
pub const SERVER_CORE: usize = 0;
/// Where the load comes from.
pub const LOAD_CORE: usize = 1;

/// Binds this thread, and all that it starts, to one core.
pub fn pin(core: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).with_context(|| format!("core {core} cannot be used; the numbers need two cores"))
}

/// What this thread has used of its core.
pub fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// What a process has used of all cores: what its threads that are there now have.
pub fn process_cpu(id: u32) -> anyhow::Result<Duration> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{id}/task"))? {
        let stat = fs::read_to_string(thread?.path().join("schedstat"))?;
        let nanoseconds = stat.split_whitespace().next().and_then(|field| field.parse::<u64>().ok());
        sum += nanoseconds.context("/proc is not as expected")?;
    }
    Ok(Duration::from_nanos(sum))
}

/// Resident memory of a process in MiB: now, and the most that it ever was.
pub fn memory(id: u32) -> anyhow::Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kib| kib / 1024.0)
    };
    Ok((field("VmRSS:").context("no VmRSS")?, field("VmHWM:").context("no VmHWM")?))
}

/// Resident memory of a process in MiB, of which what it shares with others counts in part.
pub fn proportional(id: u32) -> anyhow::Result<f64> {
    let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

/// What all cores have done since the machine started: everything but idling.
pub fn busy() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("/proc is not as expected")?;
    let ticks: Vec<u64> = line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user nice system | idle iowait | irq softirq steal
    let sum: u64 = ticks.iter().take(3).sum::<u64>() + ticks.iter().skip(5).take(3).sum::<u64>();
    Ok(Duration::from_millis(10 * sum))
}

/// What this process has used, and all that it started and saw the end of.
pub fn ours() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name is in brackets, and may have spaces and brackets in it.
    let (_, fields) = stat.rsplit_once(") ").context("/proc is not as expected")?;
    let ticks = fields.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok());
    Ok(Duration::from_millis(10 * ticks.sum::<u64>()))
}

/// Cores, processor, memory, kernel and compiler, in one line.
pub fn describe() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let memory = read("/proc/meminfo");
    let kib =
        memory.lines().next().and_then(|line| line.split_whitespace().nth(1)).and_then(|kib| kib.parse::<u64>().ok());
    let virtual_ = if cpu.contains(" hypervisor") { "virtual " } else { "" };
    format!(
        "{cores} {virtual_}cores ({}), {} GiB, Linux {}, {}",
        model.unwrap_or("unknown"),
        kib.unwrap_or(0) >> 20,
        kernel.trim(),
        said("rustc", &["--version"]).unwrap_or_else(|| "an unknown compiler".to_owned())
    )
}

/// When this is measured, and what: the day, and the commit.
pub fn today() -> String {
    let day = said("date", &["-u", "+%Y-%m-%d"]).unwrap_or_else(|| "some day".to_owned());
    let commit = said("git", &["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "an unknown commit".to_owned());
    // The page itself is written meanwhile.
    let changed = said("git", &["status", "--porcelain", "--", ".", ":!docs"]).is_some_and(|files| !files.is_empty());
    format!("{day}, at {commit}{}", if changed { " with changes" } else { "" })
}

/// What a program prints, if it can be run.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
