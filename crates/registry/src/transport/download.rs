use std::io::{Seek as _, SeekFrom};
use std::path::Path;
use std::sync::atomic::Ordering;

use chainsign_core::digest::StreamDigester;
use reqwest::Response;
use tokio::io::AsyncWriteExt as _;

use super::failure::Failure;
use super::{Call, Transport};
use crate::{Descriptor, Error};

impl Transport {
    /// Sends a GET and writes what comes to a file, from its beginning, while it is digested. `Ok` when
    /// it is as long as the descriptor says, and has its digest.
    pub(crate) async fn download(
        &self,
        call: &Call,
        wanted: &Descriptor,
        path: &Path,
        file: std::fs::File,
    ) -> Result<(), Error> {
        let mut file = tokio::fs::File::from_std(file);
        let mut attempt = 1;
        loop {
            let failure = match self.attempt_into(call, wanted, path, &mut file).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            self.pause_or_fail(failure, call, &mut attempt).await?;
            file = restarted(file).await.map_err(|source| local(path, source))?;
        }
    }

    async fn attempt_into(
        &self,
        call: &Call,
        wanted: &Descriptor,
        path: &Path,
        file: &mut tokio::fs::File,
    ) -> Result<(), Failure> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await;
        let mut response: Response = self.attempt(call).await?;
        let mut digester = StreamDigester::new([wanted.digest.algorithm()]);
        let mut found = 0_u64;
        let other_size = |found| {
            let what = call.what.clone();
            Failure::from(Error::OtherSize { what, found, wanted: wanted.size })
        };
        while let Some(chunk) = response.chunk().await.map_err(Failure::network)? {
            self.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            found = found.saturating_add(chunk.len() as u64);
            if found > wanted.size {
                return Err(other_size(wanted.size.saturating_add(1)));
            }
            digester.update(&chunk);
            file.write_all(&chunk).await.map_err(|source| local(path, source))?;
        }
        if found < wanted.size {
            return Err(other_size(found));
        }
        file.flush().await.map_err(|source| local(path, source))?;
        let digests = digester.finish();
        let found = digests.get(wanted.digest.algorithm());
        if found == Some(&wanted.digest) {
            return Ok(());
        }
        // It was digested with that algorithm.
        let found = found.unwrap_or(&wanted.digest).clone();
        let wanted = wanted.digest.clone();
        Err(Error::OtherDigest { what: call.what.clone(), found, wanted }.into())
    }
}

/// The file, empty again.
async fn restarted(file: tokio::fs::File) -> std::io::Result<tokio::fs::File> {
    let mut file = file.into_std().await;
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(tokio::fs::File::from_std(file))
}

fn local(path: &Path, source: std::io::Error) -> Error {
    Error::Cache { path: path.to_owned(), source }
}
