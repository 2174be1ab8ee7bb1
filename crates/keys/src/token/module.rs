//! A token found through its module, and its owner logged in.

use std::fmt;
use std::path::Path;
use std::sync::Mutex;

use chainsign_core::key::PublicKey;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Pkcs11Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::RawAuthPin;

use super::key::TokenKey;
use super::{PinEntry, PinTries, TokenUri, object};
use crate::{Error, KeyKind, Password, PrivateKey};

/// A token that is there, and which of its keys is meant. Nobody is logged in yet.
pub struct Token {
    context: Pkcs11,
    slot: Slot,
    info: TokenInfo,
    uri: TokenUri,
}

impl Token {
    /// Loads the module, and finds the one token that the URI names. No PIN is needed for that.
    ///
    /// The module stays loaded until the process ends.
    ///
    /// # Errors
    /// [`Error::Module`], [`Error::TokenNotFound`], [`Error::SeveralTokens`], [`Error::TokenFailed`].
    pub fn open(module: &Path, uri: &TokenUri) -> Result<Self, Error> {
        let unusable = |error: Pkcs11Error| Error::Module {
            path: module.display().to_string(),
            reason: error.to_string(),
        };
        let context = Pkcs11::new(module).map_err(unusable)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // By another part of this process, for which it goes on to be so.
            Ok(()) | Err(Pkcs11Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(unusable(error)),
        }
        let (mut found, mut there) = (Vec::new(), Vec::new());
        for slot in context.get_slots_with_token().map_err(|e| failed("list its tokens", &e))? {
            let info = match context.get_token_info(slot) {
                Ok(info) if info.token_initialized() => info,
                // Taken out in the meantime, empty, or none of PKCS#11's.
                Ok(_) | Err(_) => continue,
            };
            there.push(format!("{:?} in slot {}", info.label(), slot.id()));
            if is_meant(uri, slot, &info) {
                found.push((slot, info));
            }
        }
        let wanted = uri.to_string();
        match (found.pop(), found.is_empty()) {
            (Some((slot, info)), true) => Ok(Token { context, slot, info, uri: uri.clone() }),
            (Some(_), false) => Err(Error::SeveralTokens { wanted, found: listed(there) }),
            (None, _) => Err(Error::TokenNotFound { wanted, found: listed(there) }),
        }
    }

    /// Its label.
    pub fn label(&self) -> &str {
        self.info.label()
    }

    /// How its PIN is given.
    pub fn pin_entry(&self) -> PinEntry {
        match (self.info.login_required(), self.info.protected_authentication_path()) {
            (false, _) => PinEntry::NotNeeded,
            (true, true) => PinEntry::OnDevice,
            (true, false) => PinEntry::Given,
        }
    }

    /// The public key that the URI names, without a PIN: most tokens show public keys to everybody.
    ///
    /// # Errors
    /// [`Error::TokenKeyNotFound`], [`Error::SeveralTokenKeys`], [`Error::TokenKey`],
    /// [`Error::RsaSize`], [`Error::TokenFailed`].
    pub fn public_key(&self) -> Result<(KeyKind, PublicKey), Error> {
        let session = self.session()?;
        let handle = self.only_one(&session, ObjectClass::PUBLIC_KEY)?;
        object::public_key(&session, handle)
    }

    /// The private key that the URI names, ready to sign: its owner stays logged in as long as it
    /// lives. The PIN is what [`pin_entry`](Self::pin_entry) asks for, and is sent once.
    ///
    /// Of the token's own word for the public key nothing is believed for long: a signature that does
    /// not verify with it is worth nothing to anybody.
    ///
    /// # Errors
    /// [`Error::PinNeeded`], [`Error::WrongPin`], [`Error::PinLocked`], [`Error::TokenKeyNotFound`],
    /// [`Error::SeveralTokenKeys`], [`Error::PinForEverySignature`], [`Error::TokenKey`],
    /// [`Error::RsaSize`], [`Error::TokenFailed`].
    pub fn private_key(&self, pin: Option<&Password>) -> Result<PrivateKey, Error> {
        let session = self.session()?;
        self.log_in(&session, pin)?;
        let handle = self.only_one(&session, ObjectClass::PRIVATE_KEY)?;
        let every_time = object::read(&session, handle, &[AttributeType::AlwaysAuthenticate])?;
        if every_time.contains(&Attribute::AlwaysAuthenticate(true)) {
            return Err(Error::PinForEverySignature { token: self.label().to_owned() });
        }
        let (kind, public) = object::public_key_of(&session, handle)?;
        let list = self.context.get_mechanism_list(self.slot);
        let mechanisms = list.map_err(|error| failed("list its mechanisms", &error))?;
        let can = |mechanism: MechanismType| mechanisms.contains(&mechanism);
        let algorithms = TokenKey::algorithms(kind, can);
        let token = self.label().to_owned();
        let session = Mutex::new(session);
        Ok(PrivateKey::in_token(kind, public, TokenKey { session, handle, algorithms, token }))
    }

    fn session(&self) -> Result<Session, Error> {
        self.context.open_ro_session(self.slot).map_err(|error| failed("open a session", &error))
    }

    fn log_in(&self, session: &Session, pin: Option<&Password>) -> Result<(), Error> {
        let token = || self.label().to_owned();
        if self.info.user_pin_locked() {
            return Err(Error::PinLocked { token: token() });
        }
        let outcome = match (self.pin_entry(), pin) {
            (PinEntry::NotNeeded, _) => return Ok(()),
            (PinEntry::OnDevice, _) => session.login(UserType::User, None),
            (PinEntry::Given, None) => return Err(Error::PinNeeded { token: token() }),
            (PinEntry::Given, Some(pin)) => {
                let pin = RawAuthPin::new(Box::new(pin.expose().to_vec()));
                session.login_with_raw(UserType::User, &pin)
            }
        };
        match outcome {
            // In another session of this process, which is as good.
            Ok(()) | Err(Pkcs11Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(Pkcs11Error::Pkcs11(RvError::PinLocked, _)) => {
                Err(Error::PinLocked { token: token() })
            }
            Err(Pkcs11Error::Pkcs11(
                RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange,
                _,
            )) => Err(Error::WrongPin { token: token(), tries: self.tries() }),
            Err(error) => Err(failed("log in", &error)),
        }
    }

    /// What the token says of its PIN now, which it does in flags only.
    fn tries(&self) -> PinTries {
        match self.context.get_token_info(self.slot) {
            Ok(info) if info.user_pin_locked() => PinTries::None,
            Ok(info) if info.user_pin_final_try() => PinTries::One,
            Ok(info) if info.user_pin_count_low() => PinTries::Few,
            Ok(_) | Err(_) => PinTries::Unknown,
        }
    }

    fn only_one(&self, session: &Session, class: ObjectClass) -> Result<ObjectHandle, Error> {
        let mut wanted = vec![Attribute::Class(class)];
        wanted.extend(self.uri.object.as_ref().map(|label| Attribute::Label(label.clone().into())));
        wanted.extend(self.uri.id.clone().map(Attribute::Id));
        let class_name = if class == ObjectClass::PRIVATE_KEY { "private" } else { "public" };
        let there = || {
            let all = object::find(session, &[Attribute::Class(class)])?;
            let named = all.into_iter().take(MOST_LISTED + 1).map(|key| object::name(session, key));
            named.collect::<Result<_, _>>().map(listed)
        };
        match object::find(session, &wanted)?[..] {
            [only] => Ok(only),
            [] => Err(Error::TokenKeyNotFound {
                class: class_name,
                token: self.label().to_owned(),
                wanted: self.uri.to_string(),
                found: there()?,
            }),
            _ => Err(Error::SeveralTokenKeys {
                class: class_name,
                token: self.label().to_owned(),
                wanted: self.uri.to_string(),
                found: there()?,
            }),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("label", &self.label())
            .field("slot", &self.slot.id())
            .finish_non_exhaustive()
    }
}

/// RFC 7512 section 2.3: every attribute that is there matches.
fn is_meant(uri: &TokenUri, slot: Slot, info: &TokenInfo) -> bool {
    let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|w| w == found);
    is(&uri.token, info.label())
        && is(&uri.manufacturer, info.manufacturer_id())
        && is(&uri.serial, info.serial_number())
        && is(&uri.model, info.model())
        && uri.slot.is_none_or(|wanted| wanted == slot.id())
}

/// `a, b and more`, or `none`
fn listed(names: Vec<String>) -> String {
    let more = names.len() > MOST_LISTED;
    let first: Vec<String> = names.into_iter().take(MOST_LISTED).collect();
    match (first.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, false) => first.join(", "),
        (false, true) => format!("{} and more", first.join(", ")),
    }
}

pub(super) fn failed(doing: &'static str, error: &Pkcs11Error) -> Error {
    Error::TokenFailed { doing, reason: error.to_string() }
}

/// So many names help; more would hide the message.
const MOST_LISTED: usize = 8;
