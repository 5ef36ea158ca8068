//! Tells cargo to build again when a template, a style or a message file comes or goes: they are part of the program.

fn main() {
    for folder in ["../../dashboards/web", "../../config/messages"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
