//! The `firedrill` binary: everything is in the library.

/// The C library's allocator keeps in its arenas what short-lived threads leave, some megabytes an hour
/// under load: benches/README.md, "A soak".
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    firedrill::cli::run()
}
