//! The `firedrill` binary: everything is in the library.

/// Gives memory back that is no longer needed, which the C library's does not from arenas of many threads:
/// a load generator lives for hours.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    firedrill::cli::run()
}
