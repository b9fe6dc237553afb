//! Files of partners that are probed every 100 ms.

use super::scripted_server::{Asked, Said, ScriptedServer};
use super::temp_folder::TempFolder;

/// A partner as YAML in one line; `more` are further keys.
pub fn partner(name: &str, base_url: &str, more: &str) -> String {
    format!(
        "  - {{name: {name}, base_url: '{base_url}', every: 100ms, jitter: 5ms, timeout: 20s{more}}}\n"
    )
}

/// A folder with `partners.yaml`; `more` are further keys of the file.
pub fn partners(lines: &[String], more: &str) -> TempFolder {
    let folder = TempFolder::new();
    folder.write(
        "partners.yaml",
        format!("name: partners\n{more}partners:\n{}", lines.concat()),
    );
    folder
}

/// A reference that answers.
pub fn reference(server: &ScriptedServer) -> String {
    format!(
        "references: [{{name: own-network, base_url: '{}', timeout: 20s}}]\n",
        server.base_url()
    )
}

/// Answers everything well.
pub fn well(_: &Asked) -> Said {
    Said::Answer("200 OK", &[], "{\"status\": \"ok\", \"id\": \"q-17\"}")
}

/// An address where nobody listens: it was given to a listener that is gone.
pub fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it listens");
    format!("http://{address}")
}

/// A partner that takes connections on a loopback address of its own and says nothing: from outside the
/// same as one that cannot be reached. It lasts as long as the listener.
pub fn silent(name: &str, host: &str, more: &str) -> (String, std::net::TcpListener) {
    let listener = std::net::TcpListener::bind((host, 0)).expect("loopback has a free port");
    let address = listener.local_addr().expect("it listens");
    let line = partner(name, &format!("http://{address}"), more);
    (line.replace("timeout: 20s", "timeout: 200ms"), listener)
}
