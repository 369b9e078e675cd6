//! Whose turn it is to change the session (RFC 3261 section 14, RFC 3311 section 5, RFC 6337).

/// A collision of offers or INVITEs, as the answer to the request that collided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glare {
    /// We have asked something ourselves: 491.
    Ours,
    /// The peer asks again before it was answered: 500 with Retry-After.
    Theirs,
}

/// What is open within the invite usage of one dialog.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OfferAnswer {
    /// An INVITE of ours has no final answer yet.
    pub(crate) our_invite: bool,
    /// An INVITE of the peer has no final answer yet.
    pub(crate) their_invite: bool,
    /// An offer of ours has no answer yet.
    pub(crate) our_offer: bool,
    /// An offer of the peer has no answer yet.
    pub(crate) their_offer: bool,
}

impl OfferAnswer {
    /// Whether a re-INVITE of the peer can be taken.
    pub(crate) fn admit_invite(&self) -> Result<(), Glare> {
        if self.their_invite || self.their_offer {
            Err(Glare::Theirs)
        } else if self.our_invite || self.our_offer {
            Err(Glare::Ours)
        } else {
            Ok(())
        }
    }

    /// Whether an UPDATE of the peer can be taken. Without offer it always can.
    pub(crate) fn admit_update(&self, with_offer: bool) -> Result<(), Glare> {
        if !with_offer {
            Ok(())
        } else if self.their_offer {
            Err(Glare::Theirs)
        } else if self.our_offer {
            Err(Glare::Ours)
        } else {
            Ok(())
        }
    }

    /// Whether we may send a re-INVITE.
    pub(crate) fn may_invite(&self) -> bool {
        !(self.our_invite || self.their_invite || self.our_offer || self.their_offer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c89_our_open_invite_makes_491_and_their_open_invite_500() {
        let ours = OfferAnswer {
            our_invite: true,
            ..OfferAnswer::default()
        };
        assert_eq!(ours.admit_invite(), Err(Glare::Ours));
        let theirs = OfferAnswer {
            their_invite: true,
            ..OfferAnswer::default()
        };
        assert_eq!(theirs.admit_invite(), Err(Glare::Theirs));
    }

    #[test]
    fn c89_an_update_without_offer_never_collides() {
        let all = OfferAnswer {
            our_invite: true,
            their_invite: true,
            our_offer: true,
            their_offer: true,
        };
        assert_eq!(all.admit_update(false), Ok(()));
        assert_eq!(all.admit_update(true), Err(Glare::Theirs));
    }
}
