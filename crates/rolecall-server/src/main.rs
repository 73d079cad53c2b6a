//! The binary `rolecall`.

fn main() -> std::process::ExitCode {
    rolecall_server::cli::main()
}
