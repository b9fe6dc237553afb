//! The `firedrill` binary: everything is in the library.

fn main() -> std::process::ExitCode {
    firedrill::cli::run()
}
