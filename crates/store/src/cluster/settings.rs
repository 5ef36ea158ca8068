//! The server's settings: one private database for a few commands on a small machine, safe against power loss.
//!
//! They go on the command line at every start, so that a new program version changes them and nothing in the data
//! folder (`postgresql.conf`, `ALTER SYSTEM`) can weaken the fences.

use std::path::Path;

/// The port in the socket's file name; nothing listens on TCP.
pub(super) const PORT: u16 = 5432;

/// Smaller shared memory file systems than this get System V segments instead: two parallel workers with full
/// `work_mem` hash tables must fit (a container's default is 64 MB).
const SHM_NEEDED_BYTES: u64 = 512 << 20;

const SETTINGS: &[(&str, &str)] = &[
    // Who can reach it: no TCP, and a socket only the server's user (and root) may open, in its 0700 data folder.
    // The path is relative to that folder, so the ~107 bytes of a socket's address never matter to the server.
    ("listen_addresses", ""),
    ("unix_socket_directories", "."),
    ("unix_socket_permissions", "0700"),
    ("ssl", "off"),
    ("shared_preload_libraries", ""),
    ("max_connections", "60"),
    // Memory: 256 MB shared, and few enough workers that work_mem × workers stays in bounds.
    ("shared_buffers", "256MB"),
    ("work_mem", "64MB"),
    ("maintenance_work_mem", "128MB"),
    ("effective_cache_size", "1GB"),
    ("huge_pages", "off"),
    ("max_parallel_workers", "2"),
    ("max_parallel_workers_per_gather", "1"),
    ("autovacuum", "on"),
    ("autovacuum_max_workers", "2"),
    // Planning: SSDs; compiling queries costs more than it saves at this size.
    ("jit", "off"),
    ("random_page_cost", "1.1"),
    // Durability first, then fewer and smaller writes: no replica ever reads this WAL.
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("archive_mode", "off"),
    ("max_wal_size", "4GB"),
    ("min_wal_size", "512MB"),
    ("checkpoint_timeout", "15min"),
    // The log: what an operator needs, and never a statement's text (it may hold personal facts).
    ("logging_collector", "off"),
    ("log_destination", "stderr"),
    ("log_min_messages", "warning"),
    ("log_min_error_statement", "panic"),
    ("log_checkpoints", "off"),
    ("log_line_prefix", "%m [%p] "),
    ("lc_messages", "C"),
    ("log_timezone", "UTC"),
    ("timezone", "UTC"),
    ("cluster_name", "farsight"),
];

/// Better where the server was built with it, else a refusal to start; so asked first.
pub(super) const LZ4: &[(&str, &str)] = &[("wal_compression", "lz4"), ("default_toast_compression", "lz4")];

/// The server's `-c name=value` arguments; the caller's own come last and win.
pub(super) fn arguments(lz4: bool, extra: &[(String, String)]) -> Vec<String> {
    let port = PORT.to_string();
    let fixed = SETTINGS.iter().copied().chain([("port", port.as_str())]);
    let shm = shm_is_small(Path::new("/dev/shm")).then_some(("dynamic_shared_memory_type", "sysv"));
    let lz4 = LZ4.iter().copied().filter(|_| lz4);
    let extra = extra.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    fixed.chain(shm).chain(lz4).chain(extra).flat_map(|pair| argument(&pair)).collect()
}

/// One setting as arguments.
pub(super) fn argument((name, value): &(&str, &str)) -> [String; 2] {
    ["-c".to_owned(), format!("{name}={value}")]
}

/// Whether POSIX shared memory is missing or too small for parallel queries.
fn shm_is_small(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).map_or(true, |fs| fs.f_blocks.saturating_mul(fs.f_frsize) < SHM_NEEDED_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_settings_come_last() {
        let extra = [("work_mem".to_owned(), "8MB".to_owned())];
        let arguments = arguments(true, &extra);
        assert_eq!(arguments.last().map(String::as_str), Some("work_mem=8MB"));
        assert!(arguments.contains(&"wal_compression=lz4".to_owned()));
        assert!(arguments.contains(&"listen_addresses=".to_owned()));
    }

    #[test]
    fn a_missing_shared_memory_folder_counts_as_small() {
        assert!(shm_is_small(Path::new("/nonexistent/shm")));
    }
}
