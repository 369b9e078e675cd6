//! Encrypted connections to PostgreSQL.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{ErrorKind, StoreError};

/// What makes connections that believe certificates of the system's authorities, or of those in a
/// file when one is given.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn tls(authorities: Option<&Path>) -> Result<MakeRustlsConnect, StoreError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(path) => {
            let unusable = |why: &dyn std::fmt::Display| {
                let message = format!("store.url, sslrootcert {}: {why}", path.display());
                StoreError::new(ErrorKind::Operator, message)
            };
            let certificates = CertificateDer::pem_file_iter(path).map_err(|e| unusable(&e))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|e| unusable(&e))?;
                roots.add(certificate).map_err(|e| unusable(&e))?;
            }
            if roots.is_empty() {
                return Err(unusable(&"there is no certificate in it"));
            }
        }
        // Whatever of the system's list cannot be read is not believed.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| StoreError::new(ErrorKind::Operator, e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Takes `sslrootcert=FILE` out of a URL, which the client's parser does not know.
pub(super) fn without_authorities(url: &str) -> (String, Option<String>) {
    let Some((base, query)) = url.split_once('?') else {
        return (url.to_owned(), None);
    };
    let (named, rest): (Vec<&str>, Vec<&str>) = query
        .split('&')
        .partition(|part| part.starts_with("sslrootcert="));
    let named = named.first().and_then(|part| part.split_once('='));
    let url = if rest.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{}", rest.join("&"))
    };
    (url, named.map(|(_, file)| file.replace("%2F", "/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_authorities_is_taken_out_of_the_url() {
        let cases = [
            ("postgres://h/d", "postgres://h/d", None),
            (
                "postgres://h/d?sslrootcert=a.pem",
                "postgres://h/d",
                Some("a.pem"),
            ),
            (
                "postgres://h/d?sslmode=require&sslrootcert=%2Fetc%2Fa.pem&user=u",
                "postgres://h/d?sslmode=require&user=u",
                Some("/etc/a.pem"),
            ),
        ];
        for (url, rest, file) in cases {
            let found = without_authorities(url);
            assert_eq!(found, (rest.to_owned(), file.map(str::to_owned)));
        }
    }

    #[test]
    fn a_file_without_certificates_is_the_operators_matter() {
        for path in ["/nowhere/at/all.pem", "/dev/null"] {
            let error = tls(Some(Path::new(path))).err().expect("it is refused");
            assert_eq!(error.kind(), ErrorKind::Operator);
            assert!(error.to_string().contains(path), "{error}");
        }
    }
}
