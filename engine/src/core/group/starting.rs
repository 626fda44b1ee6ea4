//! Makes a group, at first of this device alone. The engine then adds the account's other devices and other people as to any
//! group.

use parley_protocol::frame::{CreateLog, Welcomes};
use parley_protocol::ids::{AccountId, GroupId, LogId, Seq};

use super::MAX_DEVICES;
use crate::channel::log::{Log, Stage};
use crate::core::Engine;
use crate::domain::content::display_name;
use crate::domain::conversation::ConversationKey;
use crate::domain::message::GroupLine;
use crate::group::chat::{Change, GroupChat, Standing};
use crate::group::evidence::Evidence;
use crate::group::policy::Policy;
use crate::mls::group::{Group, GroupError};
use crate::view::{CommandError, Reply};

impl Engine {
    pub(super) fn create_group_chat(
        &mut self,
        name: &str,
        people: &[AccountId],
    ) -> Result<Option<Reply>, CommandError> {
        let own = self.account.as_ref().map(|account| account.id).ok_or(CommandError::NoAccount)?;
        let name = display_name(name).ok_or(CommandError::Name)?;
        let people = self.known_people(people)?;
        if people.len() >= MAX_DEVICES {
            return Err(CommandError::GroupFull);
        }
        let mark = self.state.mark();
        let made = self.make_group(&Policy::new(&name, own));
        let Ok(log) = made else {
            self.state.roll_back(mark);
            return Err(CommandError::Storage);
        };
        let key = ConversationKey::Group(log.0);
        if !people.is_empty()
            && let Some(chat) = self.group_chats.all.get_mut(&log.0)
        {
            chat.changes.push_back(Change::Add(people));
        }
        let by = self.who(&own);
        let now = self.now;
        self.say_in_group(&log.1, Seq(0), now, vec![GroupLine::Created { by, name }]);
        self.send_creation(&log.1);
        Ok(Some(Reply::Conversation(key.id())))
    }

    fn make_group(&mut self, policy: &Policy) -> Result<(GroupId, LogId), GroupError> {
        let group = GroupId(self.random.array());
        let (id, key) = (group.first_log(), ConversationKey::Group(group));
        let own = self.own_member().ok_or(GroupError::State)?;
        let (signer, _) = self.signer().ok_or(GroupError::State)?;
        let (made, _) =
            Group::create_chat(&self.mls, &signer, &own, group, policy, (&[], Evidence::default()))?;
        let (era, state) = (made.era(&self.mls, self.now)?, made.state()?);
        let creation = CreateLog {
            log: id,
            epoch: made.epoch(),
            append: made.capability(&self.mls)?.hash(),
            read: era.read_capability().hash(),
            welcomes: Welcomes::default(),
            group_info: None,
        };
        let mut log = Log::new(id, group, key, Stage::Creating, self.now);
        log.creation = Some(creation);
        self.groups.insert(id, Box::new(made));
        self.logs.insert(id, log);
        self.save_log(&id);
        self.save_pending(&id);
        self.keep_group_era(&id, era);
        self.keep_ask_key(&id);
        self.begin_history(&id, Seq(0));
        self.save_transcript(&id);
        self.group_chats.all.insert(group, GroupChat::new(group, Standing::Member, &state));
        self.save_group_chat(&group);
        self.add_log_to_conversation(key, id);
        self.membership.unsettle(&id);
        self.note_epoch(&id);
        Ok((group, id))
    }
}
