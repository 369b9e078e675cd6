//! The command as a person runs it: exit status, and what is said where.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its stage fails")]

use std::io::{BufRead as _, BufReader};
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// A folder of its own for each test, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("hookflash-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn with(self, file: &str, text: &str) -> Folder {
        std::fs::write(self.0.join(file), text).unwrap();
        self
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_hookflash"))
            .args(arguments)
            .current_dir(&self.0)
            .output()
            .unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_demo_shows_its_calls_and_ends_by_itself() {
    let output = Folder::new("demo").run(&["demo"]);
    let told = out(&output);
    assert!(output.status.success(), "{told}{}", err(&output));
    assert!(
        told.contains("10 of 10 calls told their application the truth"),
        "{told}"
    );
    // One verdict of each kind, and the words of each vendor for it.
    assert!(told.contains("which was busy (486 Busy Here)"), "{told}");
    assert!(told.contains("ReferCallStatus=in-progress"), "{told}");
    assert!(told.contains("ReferCallStatus=busy"), "{told}");
    assert!(told.contains("Digits=402771"), "{told}");
    assert!(
        told.contains("ReferSipResponseCode=405\n     ReferCallStatus=failed"),
        "{told}"
    );
    assert!(told.contains("\"referCallStatus\": \"success\""), "{told}");
    assert!(told.contains("\"notifySipResponseCode\": 404"), "{told}");
    assert!(
        told.contains("\"final_referred_call_status\": 200"),
        "{told}"
    );
    assert!(told.contains("The call is over."), "{told}");
}

#[test]
fn check_passes_a_good_document_and_fails_a_bad_one() {
    let folder = Folder::new("check")
        .with(
            "good.xml",
            "<Response><Refer><Sip>sip:a@example.com</Sip></Refer></Response>",
        )
        .with(
            "warned.xml",
            "<Response><Hangup colour=\"red\"/></Response>",
        )
        .with("bad.xml", "<Response>\n <Refer>\n</Response>")
        .with("bad.json", "[\n {\"verb\": \"dance\"}\n]");
    assert_eq!(folder.run(&["check", "good.xml"]).status.code(), Some(0));
    let warned = folder.run(&["check", "warned.xml", "--dialect", "twiml"]);
    assert_eq!(warned.status.code(), Some(0));
    assert!(
        out(&warned).contains("warned.xml:1:19: warning[12200]"),
        "{}",
        out(&warned)
    );
    let bad = folder.run(&["check", "bad.xml", "--dialect", "cxml"]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(out(&bad).contains("error[12100]"), "{}", out(&bad));
    let bad = folder.run(&["check", "bad.json"]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(out(&bad).contains("bad.json:2:"), "{}", out(&bad));
    assert!(
        out(&bad).contains("invalid instruction: dance"),
        "{}",
        out(&bad)
    );
}

#[test]
fn a_missing_document_is_wrong_usage() {
    let output = Folder::new("missing").run(&["check", "nothing.xml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("nothing.xml"), "{}", err(&output));
}

#[test]
fn config_check_names_file_line_key_and_remedy() {
    let folder = Folder::new("config").with("hookflash.toml", "[sip]\nlissten = []\n");
    let output = folder.run(&["config", "check"]);
    assert_eq!(output.status.code(), Some(2));
    let complaint = err(&output);
    assert!(complaint.contains("hookflash.toml:2:"), "{complaint}");
    assert!(
        complaint.contains("lissten") && complaint.contains("listen"),
        "{complaint}"
    );
}

#[test]
fn config_print_masks_secrets() {
    let folder = Folder::new("print").with(
        "hookflash.toml",
        "[[accounts]]\nsid = \"AC00000000000000000000000000000001\"\ndialect = \"twiml\"\n\
         auth_token = \"open sesame\"\n",
    );
    let output = folder.run(&["config", "print"]);
    assert!(output.status.success(), "{}", err(&output));
    let printed = out(&output);
    assert!(
        printed.contains("AC00000000000000000000000000000001"),
        "{printed}"
    );
    assert!(!printed.contains("sesame"), "{printed}");
}

#[test]
fn serve_with_a_bad_configuration_is_wrong_usage_and_a_taken_port_a_failure() {
    let folder = Folder::new("serve").with("bad.toml", "[http]\nlisten = \"nowhere\"\n");
    let output = folder.run(&["serve", "--config", "bad.toml"]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    assert!(err(&output).contains("bad.toml:2:"), "{}", err(&output));

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let webhook = "http://127.0.0.1:9/voice";
    let output = folder.run(&[
        "serve",
        "--webhook",
        webhook,
        "--sip",
        "udp://127.0.0.1:0",
        "--http",
        &address,
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(err(&output).contains(&address), "{}", err(&output));
}

#[test]
fn serve_says_in_json_why_it_does_not_start_when_its_logs_are_json() {
    let folder = Folder::new("serve-json").with("bad.toml", "[http]\nlisten = \"nowhere\"\n");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let elsewhere = ["--sip", "udp://127.0.0.1:0", "--store", "sqlite::memory:"];
    for (arguments, status, why) in [
        (["--config", "bad.toml"], 2, "bad.toml:2:1: http.listen"),
        (["--http", &address], 1, &address),
    ] {
        let mut all = vec!["serve", "--log", "json"];
        all.extend(arguments);
        if status == 1 {
            all.extend(elsewhere);
        }
        let output = folder.run(&all);
        assert_eq!(output.status.code(), Some(status), "{}", err(&output));
        let lines: Vec<serde_json::Value> = err(&output)
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect();
        let last = lines.last().unwrap();
        assert_eq!(last["level"], "ERROR");
        assert!(last["message"].as_str().unwrap().contains(why), "{last}");
    }
}

#[test]
fn the_phone_refuses_words_that_it_does_not_know() {
    let folder = Folder::new("phone");
    let output = folder.run(&["phone", "--on-refer", "dance"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("reject=CODE"), "{}", err(&output));
    let output = folder.run(&["phone", "--call", "nobody"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(out(&output).is_empty());
    let output = folder.run(&["phone", "--register", "sip:h;transport=tcp"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("SIP over UDP"), "{}", err(&output));
    let output = folder.run(&["phone", "--listen", "carrier-pigeon://x"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_document_on_standard_input_that_is_no_text_is_an_error_of_the_document() {
    use std::io::Write as _;
    let mut checking = Command::new(env!("CARGO_BIN_EXE_hookflash"))
        .args(["check", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = checking.stdin.take().unwrap();
    input
        .write_all(b"<Response><Say>h\xe9</Say></Response>")
        .unwrap();
    drop(input);
    let output = checking.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        out(&output).contains("-:1:17: error[12100]"),
        "{}",
        out(&output)
    );
}

#[test]
fn the_phone_challenges_a_refer_even_when_it_was_given_no_password() {
    use std::io::BufRead as _;
    let mut phone = Command::new(env!("CARGO_BIN_EXE_hookflash"))
        .args(["phone", "--on-refer", "challenge"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    std::io::BufReader::new(phone.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    phone.kill().unwrap();
    phone.wait().unwrap();
    assert!(first.starts_with("listening on 127.0.0.1:"), "{first}");
}

/// What Ctrl-C sends.
fn interrupt(child: &Child) {
    let kill = format!("kill -INT {}", child.id());
    let sent = Command::new("/bin/sh").args(["-c", &kill]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn a_second_ctrl_c_ends_the_phone_without_waiting_for_the_other_side() {
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let uri = format!("sip:bob@{}", nobody.local_addr().unwrap());
    let mut phone = Command::new(env!("CARGO_BIN_EXE_hookflash"))
        .args(["phone", "--listen", "udp://127.0.0.1:0", "--call", &uri])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Its INVITE, which nobody answers.
    nobody.recv(&mut [0; 65_536]).unwrap();
    let mut complaints = BufReader::new(phone.stderr.take().unwrap());
    let mut line = String::new();
    interrupt(&phone);
    complaints.read_line(&mut line).unwrap();
    assert!(line.contains("waits a few seconds"), "{line}");
    interrupt(&phone);
    let output = phone.wait_with_output().unwrap();
    complaints.read_line(&mut line).unwrap();
    assert!(line.contains("stopped at once"), "{line}");
    assert_eq!(output.status.code(), Some(1));
    assert!(!out(&output).contains("hung up"), "{}", out(&output));
}

/// A server without a configuration, and the port on which it answers HTTP.
fn serve(folder: &Folder, webhook: &str) -> (Child, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_hookflash"))
        .args(["serve", "--webhook", webhook, "--sip", "udp://127.0.0.1:0"])
        .args(["--http", "127.0.0.1:0", "--store", "sqlite::memory:"])
        .env("XDG_RUNTIME_DIR", &folder.0)
        .current_dir(&folder.0)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let address = loop {
        let line = log.next().unwrap().unwrap();
        if let Some((_, address)) = line.split_once("listening for HTTP on ") {
            break address.trim().to_owned();
        }
    };
    // What comes later must not fill the pipe.
    std::thread::spawn(move || log.for_each(drop));
    (server, address)
}

/// The file with the account that the server made up, once it is there.
fn left_by(folder: &Folder, http: &str) -> PathBuf {
    let port = http.rsplit(':').next().unwrap();
    let file = folder.0.join(format!("hookflash-{port}.account"));
    for _ in 0..1_000 {
        if file.metadata().is_ok_and(|about| about.len() > 0) {
            return file;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{} does not appear", file.display());
}

#[test]
fn a_call_is_placed_through_a_server_that_has_no_configuration_either() {
    let folder = Folder::new("left-account").with("doc.xml", "<Response><Hangup/></Response>");
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let uri = format!("sip:bob@{}", nobody.local_addr().unwrap());
    let (mut server, http) = serve(&folder, "http://127.0.0.1:9/voice");
    let file = left_by(&folder, &http);
    let call = |http: &str| {
        Command::new(env!("CARGO_BIN_EXE_hookflash"))
            .args(["call", &uri, "--from", "+441632960001", "--http", http])
            .args(["--document", "doc.xml", "--detach"])
            .env("XDG_RUNTIME_DIR", &folder.0)
            .current_dir(&folder.0)
            .output()
            .unwrap()
    };
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "only its user may read it");
    let output = call(&http);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).starts_with("CA"), "{}", out(&output));
    let mut invite = [0; 65_536];
    let length = nobody.recv(&mut invite).unwrap();
    assert!(invite[..length].starts_with(b"INVITE sip:bob@"));

    // To a server elsewhere nothing of it goes.
    let elsewhere = call(&http.replace("127.0.0.1", "192.0.2.1"));
    assert_eq!(elsewhere.status.code(), Some(2), "{}", err(&elsewhere));

    // Another server has come in the place of the one that left it.
    let left = std::fs::read_to_string(&file).unwrap();
    let token = left.split_once("\"token\":\"").unwrap().1;
    let other = left.replace(token.split('"').next().unwrap(), "other");
    std::fs::write(&file, other).unwrap();
    let refused = call(&http);
    assert_eq!(refused.status.code(), Some(1), "{}", err(&refused));
    assert!(err(&refused).contains("made up by one that ran there before"));

    // One that is killed cannot take it away.
    server.kill().unwrap();
    server.wait().unwrap();
    let refused = call(&http);
    assert_eq!(refused.status.code(), Some(1), "{}", err(&refused));
    assert!(err(&refused).contains("is `hookflash serve` running there?"));
}

#[test]
fn the_account_that_a_server_made_up_goes_with_it() {
    let folder = Folder::new("gone-account");
    let (mut server, http) = serve(&folder, "http://127.0.0.1:9/voice");
    let file = left_by(&folder, &http);
    interrupt(&server);
    assert_eq!(server.wait().unwrap().code(), Some(0));
    assert!(!file.exists());
}

/// A phone that calls `uri`.
fn caller(uri: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_hookflash"))
        .args(["phone", "--call", uri])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_phone_whose_call_is_refused_has_failed() {
    let busy = UdpSocket::bind("127.0.0.1:0").unwrap();
    let phone = caller(&format!("sip:bob@{}", busy.local_addr().unwrap()));
    let mut packet = [0; 65_536];
    let (length, from) = busy.recv_from(&mut packet).unwrap();
    let invite = String::from_utf8_lossy(&packet[..length]);
    let fields = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
    let echoed: String = invite
        .split_inclusive("\r\n")
        .filter(|line| fields.iter().any(|field| line.starts_with(field)))
        .collect();
    let answer = format!("SIP/2.0 486 Busy Here\r\n{echoed}Content-Length: 0\r\n\r\n");
    busy.send_to(answer.as_bytes(), from).unwrap();
    let output = phone.wait_with_output().unwrap();
    assert!(
        out(&output).contains("refused with 486"),
        "{}",
        out(&output)
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn sigterm_ends_the_phone_as_ctrl_c_does() {
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut phone = caller(&format!("sip:bob@{}", nobody.local_addr().unwrap()));
    nobody.recv(&mut [0; 65_536]).unwrap();
    let kill = format!("kill -TERM {}", phone.id());
    let sent = Command::new("/bin/sh").args(["-c", &kill]).status();
    assert!(sent.unwrap().success());
    let mut line = String::new();
    let mut complaints = BufReader::new(phone.stderr.take().unwrap());
    complaints.read_line(&mut line).unwrap();
    assert!(line.contains("waits a few seconds"), "{line}");
    phone.kill().unwrap();
    phone.wait().unwrap();
}
