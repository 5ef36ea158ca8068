//! Another command on a data folder, for the cluster's tests to share it with and to kill: opens the private cluster of
//! the folder it is given, says so, and closes when its input ends.

use std::io::{Read, Write};
use std::path::PathBuf;

use farsight_store::cluster::{Cluster, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = std::env::args_os().nth(1).map(PathBuf::from).ok_or("usage: hold_cluster DATA")?;
    let options = Options { search_path: std::env::var_os("PATH"), ..Options::default() };
    let cluster = Cluster::open(&data, options)?;
    println!("holding");
    std::io::stdout().flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    cluster.close()?;
    Ok(())
}
