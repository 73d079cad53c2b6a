//! What one session holds under one policy: the roles that it is authorized for, and where each grant comes from.

use std::sync::Arc;

use crate::{Grant, permission::Pattern, scope::Scope};

/// The rights of one session. They belong to the policy that made them and are cheap to copy.
#[derive(Clone, Debug)]
pub struct Rights {
    pub(crate) held: Arc<Held>,
    pub(crate) scope: Option<Arc<Scope>>,
}

impl Rights {
    /// What the session was cut to.
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_deref()
    }

    pub(crate) fn new(held: Arc<Held>, scope: Option<Arc<Scope>>) -> Self {
        Rights { held, scope }
    }
}

/// Where a grant stands in the policy: so a yes can name its reason.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Source {
    pub(crate) role: u32,
    pub(crate) grant: u32,
}

/// What a set of roles holds, by the policy's numbers, sorted for search.
#[derive(Debug)]
pub(crate) struct Held {
    roles: Box<[u32]>,
    whole: Side,
    own: Side,
}

/// Grants for every object, or those for own objects.
#[derive(Default, Debug)]
struct Side {
    everything: Option<Source>,
    objects: Vec<(u32, Source)>,
    ones: Vec<(u32, Source)>,
}

impl Held {
    /// `roles` in ascending order; `number` is the policy's number of a grant's object or permission.
    pub(crate) fn new<'g>(
        roles: Vec<u32>,
        grants: impl Iterator<Item = (Source, &'g Grant)>,
        number: impl Fn(&Grant) -> Option<u32>,
    ) -> Self {
        let mut held = Held { roles: roles.into(), whole: Side::default(), own: Side::default() };
        for (source, grant) in grants {
            let side = if grant.is_own() { &mut held.own } else { &mut held.whole };
            match (grant.pattern(), number(grant)) {
                (Pattern::Everything, _) => side.everything = side.everything.or(Some(source)),
                (Pattern::Object(_), Some(number)) => side.objects.push((number, source)),
                (Pattern::One(_), Some(number)) => side.ones.push((number, source)),
                (_, None) => {}
            }
        }
        for list in [&mut held.whole.objects, &mut held.whole.ones, &mut held.own.objects, &mut held.own.ones] {
            list.sort_unstable();
            list.dedup_by_key(|(number, _)| *number);
            list.shrink_to_fit();
        }
        held
    }

    pub(crate) fn roles(&self) -> &[u32] {
        &self.roles
    }

    pub(crate) fn has_role(&self, number: u32) -> bool {
        self.roles.binary_search(&number).is_ok()
    }

    /// The grant that covers a permission: among those for every object, or with `own` among those for own objects.
    pub(crate) fn find(
        &self,
        permission: Option<u32>,
        object: Option<u32>,
        reserved: bool,
        own: bool,
    ) -> Option<Source> {
        let side = if own { &self.own } else { &self.whole };
        let search = |list: &[(u32, Source)], number: Option<u32>| {
            let found = list.binary_search_by_key(&number?, |(number, _)| *number).ok()?;
            list.get(found).map(|(_, source)| *source)
        };
        side.everything
            .filter(|_| !reserved)
            .or_else(|| search(&side.ones, permission))
            .or_else(|| search(&side.objects, object))
    }
}
