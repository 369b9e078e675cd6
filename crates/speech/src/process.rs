//! A program that is run once per text: text in at its standard input, audio out at its standard
//! output or into a file of its own, nothing through a shell, nothing left behind.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::EngineError;
use crate::client::beginning;

/// What the program may know of our environment, in which keys and passwords may stand.
const ENVIRONMENT: [&str; 5] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "ESPEAK_DATA_PATH",
];
/// How much of its complaints is read.
const COMPLAINTS: u64 = 2_048;
/// How often a growing file is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Bounds of a program's work.
#[derive(Clone, Copy, Debug)]
pub struct ProcessLimits {
    /// How long one run may take, and how long one may wait for its turn.
    pub time: Duration,
    /// Longest output in bytes.
    pub output: usize,
    /// Runs at a time.
    pub at_a_time: usize,
}

impl Default for ProcessLimits {
    /// Ten seconds, five minutes of audio at 22,050 samples per second, four at a time.
    fn default() -> ProcessLimits {
        ProcessLimits {
            time: Duration::from_secs(10),
            output: 300 * 22_050 * 2,
            at_a_time: 4,
        }
    }
}

/// An installed program.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    path: PathBuf,
    limits: ProcessLimits,
    places: Arc<Semaphore>,
}

impl Program {
    pub(crate) fn new(path: impl Into<PathBuf>, limits: ProcessLimits) -> Program {
        Program {
            path: path.into(),
            limits,
            places: Arc::new(Semaphore::new(limits.at_a_time.max(1))),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs it once. Dropping the future kills the process; the runtime reaps it.
    pub(crate) async fn run(
        &self,
        arguments: &[String],
        input: &[u8],
    ) -> Result<Vec<u8>, EngineError> {
        let Ok(Ok(_place)) = timeout(self.limits.time, self.places.acquire()).await else {
            return Err(EngineError::Busy);
        };
        match timeout(self.limits.time, self.once(arguments, input)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(EngineError::Late),
        }
    }

    /// Runs it once, with the path of a file that it writes its output to, and that nobody else
    /// can read. The file is removed whatever happens.
    pub(crate) async fn run_into_file(
        &self,
        arguments: impl FnOnce(String) -> Vec<String>,
        input: &[u8],
    ) -> Result<Vec<u8>, EngineError> {
        let folder = off_thread(|| tempfile::Builder::new().prefix("hookflash-").tempdir())
            .await
            .map_err(|error| EngineError::NotStarted(format!("no file to write to: {error}")))?;
        let file = folder.path().join("speech.wav");
        let arguments = arguments(file.to_string_lossy().into_owned());
        let most = self.limits.output as u64;
        let size = || std::fs::metadata(&file).map_or(0, |facts| facts.len());
        let growing = async {
            while size() <= most {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            outcome = self.run(&arguments, input) => outcome?,
            () = growing => return Err(EngineError::TooLong),
        };
        if size() > most {
            return Err(EngineError::TooLong);
        }
        let read = off_thread(move || std::fs::read(file)).await;
        read.map_err(|error| EngineError::Garbage(format!("it wrote nothing: {error}")))
    }

    async fn once(&self, arguments: &[String], input: &[u8]) -> Result<Vec<u8>, EngineError> {
        let environment = ENVIRONMENT
            .iter()
            .filter_map(|name| Some((*name, std::env::var_os(name)?)));
        let mut child = Command::new(&self.path)
            .args(arguments)
            .env_clear()
            .envs(environment)
            .env("LC_ALL", "C.UTF-8")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| EngineError::NotStarted(error.to_string()))?;
        let (Some(mut to), Some(from), Some(complaints)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(EngineError::NotStarted("it has no pipes".to_owned()));
        };
        let feed = async move {
            // A program that does not read to the end says so by its status.
            let _ = to.write_all(input).await;
        };
        let listen = read_within(from, self.limits.output);
        let hear_out = async move {
            let mut said = Vec::new();
            let mut complaints = complaints.take(COMPLAINTS);
            let _ = complaints.read_to_end(&mut said).await;
            // It may complain on without being held up.
            let mut rest = complaints.into_inner();
            let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
            said
        };
        let ((), output, said) = tokio::join!(feed, listen, hear_out);
        let status = child
            .wait()
            .await
            .map_err(|error| EngineError::Crashed(error.to_string()))?;
        let output = output?;
        if status.success() {
            return Ok(output);
        }
        let words = beginning(&said);
        Err(EngineError::Crashed(if words.is_empty() {
            status.to_string()
        } else {
            format!("{status}: {words}")
        }))
    }
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(std::io::Error::other(error)),
    }
}

/// Everything that comes. When it is too much, the pipe is closed so that its writer ends.
async fn read_within(from: impl AsyncRead + Unpin, most: usize) -> Result<Vec<u8>, EngineError> {
    let mut bytes = Vec::new();
    let mut bounded = from.take(most as u64 + 1);
    match bounded.read_to_end(&mut bytes).await {
        Ok(length) if length > most => Err(EngineError::TooLong),
        Ok(_) => Ok(bytes),
        Err(error) => Err(EngineError::Crashed(error.to_string())),
    }
}

/// Looks for a program in the folders of a `PATH`.
pub(crate) fn find(name: &str, path: Option<OsString>) -> Option<PathBuf> {
    std::env::split_paths(&path?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file)
        .is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}
