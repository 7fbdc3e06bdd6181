//! The consumer group: static members, generations, and the eager protocol with range assignment.

use std::collections::BTreeMap;

use super::broker::Times;

/// A member's id: a new one for each time it joins.
pub(crate) type MemberId = u64;

/// What a member is known by when it commits offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Its id.
    pub(crate) member: MemberId,
    /// The generation in which it was given partitions.
    pub(crate) generation: i32,
}

#[derive(Clone, Debug)]
struct Member {
    instance: String,
    last_seen: u64,
    has_joined: bool,
    partitions: Vec<i32>,
}

/// The answer to a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Nothing has changed.
    Fine,
    /// The group changes: let everything go and join again.
    Rebalance,
    /// The group took the partitions away meanwhile.
    Unknown,
    /// Another process has joined under this name.
    Fenced,
}

/// The group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    times: Times,
    /// What is shared out.
    partitions: Vec<i32>,
    generation: i32,
    members: BTreeMap<MemberId, Member>,
    /// Until when members may join again, while the group changes.
    deadline: Option<u64>,
    next_member: MemberId,
}

impl Group {
    /// A group without members that shares out `partitions`.
    pub(crate) fn new(partitions: &[i32], times: Times) -> Self {
        Self {
            times,
            partitions: partitions.to_vec(),
            generation: 0,
            members: BTreeMap::new(),
            deadline: None,
            next_member: 1,
        }
    }

    /// How many rebalances there were.
    pub(crate) const fn generation(&self) -> i32 {
        self.generation
    }

    /// A process joins as `instance`. In a stable group a known one takes the place of its former self
    /// without a rebalance.
    pub(crate) fn join(&mut self, instance: &str, now: u64) -> MemberId {
        let id = self.next_member;
        self.next_member += 1;
        let mut members = self.members.iter();
        let former = members.find(|(_, it)| it.instance == instance);
        let former = former.map(|(former, _)| *former);
        let mut member = Member {
            instance: instance.to_owned(),
            last_seen: now,
            has_joined: true,
            partitions: Vec::new(),
        };
        if let Some(former) = former.and_then(|former| self.members.remove(&former)) {
            member.partitions = former.partitions;
        } else {
            self.unsettle(now);
        }
        self.members.insert(id, member);
        id
    }

    /// A member joins again. It keeps its id if the group still knows it.
    pub(crate) fn rejoin(&mut self, id: MemberId, instance: &str, now: u64) -> MemberId {
        match self.members.get_mut(&id) {
            Some(member) => {
                member.last_seen = now;
                member.has_joined = true;
                id
            }
            None => self.join(instance, now),
        }
    }

    /// Begins a rebalance.
    fn unsettle(&mut self, now: u64) {
        self.deadline.get_or_insert(now + self.times.rebalance);
        for member in self.members.values_mut() {
            member.has_joined = false;
        }
    }

    /// Takes a heartbeat.
    pub(crate) fn beat(&mut self, identity: Identity, instance: &str, now: u64) -> Beat {
        let Some(member) = self.members.get_mut(&identity.member) else {
            let has_successor = self.members.values().any(|it| it.instance == instance);
            return if has_successor {
                Beat::Fenced
            } else {
                Beat::Unknown
            };
        };
        member.last_seen = now;
        if self.deadline.is_some() {
            Beat::Rebalance
        } else if identity.generation == self.generation {
            Beat::Fine
        } else {
            Beat::Unknown
        }
    }

    /// What a member that waits was given, once the group is settled.
    pub(crate) fn assignment(&self, id: MemberId) -> Option<(i32, Vec<i32>)> {
        let member = self.members.get(&id)?;
        let is_settled = self.deadline.is_none();
        is_settled.then(|| (self.generation, member.partitions.clone()))
    }

    /// Judges a commit of offsets.
    pub(crate) fn check(&self, identity: Identity) -> Result<(), &'static str> {
        if !self.members.contains_key(&identity.member) {
            return Err("unknown member id");
        }
        if identity.generation != self.generation {
            return Err("illegal generation");
        }
        Ok(())
    }

    /// Removes members that died, and ends a rebalance that can end.
    pub(crate) fn tick(&mut self, now: u64) {
        let limit = self.times.session;
        let before = self.members.len();
        self.members.retain(|_, it| it.last_seen + limit > now);
        if self.members.len() < before && self.deadline.is_none() {
            self.unsettle(now);
        }
        let Some(deadline) = self.deadline else {
            return;
        };
        if deadline <= now {
            self.members.retain(|_, it| it.has_joined);
        }
        if self.members.values().all(|it| it.has_joined) {
            self.deadline = None;
            self.generation += 1;
            self.share_out();
        }
    }

    fn share_out(&mut self) {
        let mut members: Vec<_> = self.members.values_mut().collect();
        members.sort_by(|a, b| a.instance.cmp(&b.instance));
        let count = members.len();
        let mut partitions = self.partitions.iter().copied();
        for (index, member) in members.into_iter().enumerate() {
            let share = self.partitions.len() / count;
            let extra = usize::from(index < self.partitions.len() % count);
            member.partitions = partitions.by_ref().take(share + extra).collect();
        }
    }
}
