//! What must be refused: one fault each, and the one reason for which it is refused.
//!
//! Every case is a valid document with one thing wrong, forged so that everything else about it
//! holds: signatures are made over the fault. `testdata/verify` has the same cases as files.

#![allow(clippy::unwrap_used, reason = "fixtures")]

mod certificate;
mod document;
mod entry;
mod good;
mod signature;
mod timestamp;

use serde_json::{Value, json};

use crate::forge::{ARTIFACT, IDENTITY, ISSUER, Instance, Signed, V0_3};

/// One document with the answer to it.
pub(crate) struct Case {
    /// What is wrong.
    pub(crate) name: &'static str,
    /// Why it must be refused.
    pub(crate) why: &'static str,
    /// `accepted`, `<check>/<reason>`, or `error: ` and a part of the parser's message.
    pub(crate) expect: &'static str,
    pub(crate) document: Vec<u8>,
    pub(crate) root: Value,
    pub(crate) artifact: Vec<u8>,
    pub(crate) requirements: Value,
}

/// Every case, the good ones first.
pub(crate) struct Corpus {
    /// The trusted root that most have.
    #[allow(dead_code, reason = "only the tool that writes the corpus looks at it")]
    pub(crate) root: Value,
    pub(crate) cases: Vec<Case>,
}

pub(crate) fn all_with_good() -> Corpus {
    let forge = Forge::new();
    let mut cases = Vec::new();
    good::cases(&forge, &mut cases);
    document::cases(&forge, &mut cases);
    certificate::cases(&forge, &mut cases);
    entry::cases(&forge, &mut cases);
    timestamp::cases(&forge, &mut cases);
    signature::cases(&forge, &mut cases);
    Corpus { root: forge.instance.root(), cases }
}

/// An instance that is trusted, and one that is not.
pub(crate) struct Forge {
    pub(crate) instance: Instance,
    pub(crate) stranger: Instance,
}

impl Forge {
    fn new() -> Self {
        Forge { instance: Instance::new("example.com"), stranger: Instance::new("example.org") }
    }

    /// A case about a bundle, under the trusted root.
    pub(crate) fn case(
        &self,
        name: &'static str,
        why: &'static str,
        expect: &'static str,
        bundle: &Value,
    ) -> Case {
        self.case_of(name, why, expect, serde_json::to_vec_pretty(bundle).unwrap())
    }

    pub(crate) fn case_of(
        &self,
        name: &'static str,
        why: &'static str,
        expect: &'static str,
        document: Vec<u8>,
    ) -> Case {
        Case {
            name,
            why,
            expect,
            document,
            root: self.instance.root(),
            artifact: ARTIFACT.to_vec(),
            requirements: json!({"preset": "keyless", "identity": IDENTITY, "issuer": ISSUER}),
        }
    }

    /// A bundle of Rekor v1 with the entry changed.
    pub(crate) fn with_entry(&self, signed: &Signed, edit: impl FnOnce(&mut Value)) -> Value {
        let mut entry = self.instance.entry_v1(signed);
        edit(&mut entry);
        signed.bundle(V0_3, &[entry], &[])
    }

    /// A bundle of Rekor v2 with these timestamps.
    pub(crate) fn with_stamps(&self, signed: &Signed, stamps: &[Vec<u8>]) -> Value {
        signed.bundle(V0_3, &[self.instance.entry_v2(signed)], stamps)
    }
}

impl Case {
    pub(crate) fn root(mut self, edit: impl FnOnce(&mut Value)) -> Self {
        edit(&mut self.root);
        self
    }

    pub(crate) fn artifact(mut self, artifact: &[u8]) -> Self {
        self.artifact = artifact.to_vec();
        self
    }

    pub(crate) fn require(mut self, name: &str, value: Value) -> Self {
        self.requirements[name] = value;
        self
    }

    /// A key is required instead of an identity.
    pub(crate) fn key(mut self, pem: &str, preset: &str) -> Self {
        self.requirements = json!({"preset": preset, "key": pem});
        self
    }
}
