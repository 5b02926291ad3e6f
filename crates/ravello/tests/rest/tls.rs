//! The way to the cloud is encrypted, and only to a server that an authority of the system vouches for.

use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use machine::BackendErrorKind;
use ravello::{Authentication, Client, ClientError, ClientSettings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::credentials;

/// The variable that names the authorities which a process trusts, on systems where these are files.
const TRUSTED: &str = "SSL_CERT_FILE";
/// Tells the process of a test that it is the client, and where its server is.
const SERVER: &str = "RAVBMC_TEST_TLS_SERVER";

struct Cloud {
    url: String,
    /// The authority behind the server's certificate, in PEM.
    authority: String,
    /// Requests that came through an accepted connection.
    requests: Arc<AtomicUsize>,
}

/// A server whose certificate is for `name`; it answers every request with an empty list.
async fn cloud(name: &str) -> Cloud {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/api/v1", listener.local_addr().unwrap().port());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (acceptor, counted) = (acceptor.clone(), Arc::clone(&counted));
            tokio::spawn(async move {
                let mut connection = acceptor.accept(connection).await?;
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(connection.read_u8().await?);
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let reply = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]";
                connection.write_all(reply.as_bytes()).await?;
                connection.shutdown().await
            });
        }
    });
    Cloud { url, authority: authority.pem(), requests }
}

async fn ask(url: &str) -> Result<usize, ClientError> {
    let client = Client::new(ClientSettings::new(url, Authentication::Basic(credentials()))).unwrap();
    client.applications().await.map(|applications| applications.len())
}

/// Asks in a process of its own that trusts this authority alone, and returns what it says.
async fn ask_trusting(cloud: &Cloud, test: &str) -> String {
    let mut trusted = tempfile::NamedTempFile::new().unwrap();
    trusted.write_all(cloud.authority.as_bytes()).unwrap();
    let mut client = Command::new(std::env::current_exe().unwrap());
    client.args(["--exact", test, "--nocapture"]).env(TRUSTED, trusted.path()).env(SERVER, &cloud.url);
    let said = tokio::task::spawn_blocking(move || client.output().unwrap()).await.unwrap();
    format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr))
}

/// Whether this process is the client that [`ask_trusting`] starts; it then says what became of its request.
async fn is_client() -> bool {
    let Ok(url) = std::env::var(SERVER) else { return false };
    match ask(&url).await {
        Ok(count) => println!("accepted: {count} applications"),
        Err(error) => println!("refused: {:?}", error.failure),
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent() {
    let cloud = cloud("localhost").await;
    let error = ask(&cloud.url).await.unwrap_err();
    assert_eq!(error.kind(), BackendErrorKind::Unavailable, "{error:?}");
    assert!(format!("{:?}", error.failure).contains("UnknownIssuer"), "{error:?}");
    assert_eq!(cloud.requests.load(Ordering::SeqCst), 0, "the credentials stayed here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_authority_of_the_system_is_accepted() {
    if is_client().await {
        return;
    }
    let cloud = cloud("localhost").await;
    let said = ask_trusting(&cloud, "tls::a_certificate_of_an_authority_of_the_system_is_accepted").await;
    assert!(said.contains("accepted: 0 applications"), "{said}");
    assert_eq!(cloud.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_name_is_refused() {
    if is_client().await {
        return;
    }
    let cloud = cloud("elsewhere.example").await;
    let said = ask_trusting(&cloud, "tls::a_certificate_for_another_name_is_refused").await;
    assert!(said.contains("refused") && said.contains("NotValidForName"), "{said}");
    assert_eq!(cloud.requests.load(Ordering::SeqCst), 0);
}
