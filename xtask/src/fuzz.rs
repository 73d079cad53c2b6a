//! The fuzz targets under libFuzzer, without a nightly compiler: the compiler's own pass for coverage, which libFuzzer is
//! guided by, is asked for by flags that a stable one takes.

use std::{fs, path::Path};

use crate::run::{Failed, Outcome, cargo, command, output, root, run};

/// The targets, as `fuzz/src/main.rs` knows them.
pub(crate) const TARGETS: [&str; 7] = ["json", "jwk", "names", "policy", "token", "calls", "spellings"];

/// Seconds for each target, when nobody says.
const SECONDS: &str = "60";

/// What libFuzzer wants to know of the program: counters for its edges, a table of them, and what is compared with what.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                        -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Runs one target, or all in turn: for so many seconds each, or on these files alone.
pub(crate) fn fuzz(arguments: &[String]) -> Outcome {
    let (target, rest) = match arguments.split_first() {
        Some((target, rest)) if target != "--" => (Some(target.as_str()), rest),
        _ => (None, arguments),
    };
    if let Some(unknown) = target.filter(|target| !TARGETS.contains(target)) {
        let known = TARGETS.join(", ");
        return Err(Failed::because(format_args!("there is no target `{unknown}`; there are {known}")));
    }
    let rest: Vec<&str> = rest.iter().map(String::as_str).filter(|word| *word != "--").collect();
    let (seconds, files) = match rest.as_slice() {
        [] => (SECONDS, &[][..]),
        [seconds] if seconds.parse::<u32>().is_ok() => (*seconds, &[][..]),
        files => (SECONDS, files),
    };

    let program = build()?;
    for name in TARGETS.into_iter().filter(|name| target.is_none_or(|target| target == *name)) {
        eprintln!("\n== {name}");
        start(&program, name, seconds, files)?;
    }
    Ok(())
}

/// Builds for the machine by its name: otherwise the flags would go to build scripts too, which have no libFuzzer.
fn build() -> Outcome<String> {
    let told = output(command("rustc").arg("-vV")).unwrap_or_default();
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| Failed::because("`rustc -vV` does not say which machine this is"))?;
    let folder = match std::env::var("CARGO_TARGET_DIR") {
        Ok(folder) => format!("{folder}/fuzz"),
        Err(_) => "target/fuzz".to_owned(),
    };
    let mut cargo = cargo("build --release --locked --manifest-path fuzz/Cargo.toml");
    run(cargo.args(["--target", host, "--target-dir", &folder]).env("RUSTFLAGS", COVERAGE))?;
    Ok(format!("{folder}/{host}/release/rolecall-fuzz"))
}

/// What was found interesting stays in `fuzz/corpus`; what failed is put into `fuzz/artifacts`, to be run again.
fn start(program: &str, name: &str, seconds: &str, files: &[&str]) -> Outcome {
    let [corpus, artifacts] = ["corpus", "artifacts"].map(|folder| format!("fuzz/{folder}/{name}"));
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(Path::new(root()).join(folder)).map_err(Failed::because)?;
    }
    let mut fuzzer = command(program);
    fuzzer.env("ROLECALL_FUZZ_TARGET", name).env("RUST_LOG", "off");
    fuzzer.arg(format!("-artifact_prefix={artifacts}/"));
    if files.is_empty() {
        fuzzer.env("ROLECALL_FUZZ_CORPUS", &corpus).arg(format!("-max_total_time={seconds}"));
        fuzzer.args(["-max_len=4096", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", &corpus]);
    } else {
        fuzzer.args(files);
    }
    run(&mut fuzzer).inspect_err(|_| {
        eprintln!("\nwhat failed is in {artifacts}; to run it again:\n    cargo xtask fuzz {name} -- {artifacts}/FILE");
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_targets_are_those_of_the_program() {
        let program = fs::read_to_string(root().join("fuzz/src/main.rs")).expect("the program");
        for target in TARGETS {
            assert!(program.contains(&format!("\"{target}\" => ({target}::seeds()")), "{target}");
        }
        assert_eq!(program.matches("::seeds()").count(), TARGETS.len());
    }
}
