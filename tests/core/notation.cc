#include "tests/core/notation.h"

#include <sstream>

namespace raftly {
namespace {

template <class... Parts>
std::string Join(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

std::string Named(const NodeId& node) { return node.empty() ? "nobody" : node; }

struct ReplyText {
  std::string operator()(const VoteReply& reply) const {
    return Join(reply.granted ? "granted" : "denied", ", term ", reply.term.value);
  }
  std::string operator()(const AppendReply& reply) const {
    if (reply.success) return Join("accepted, term ", reply.term.value);
    const bool hint = bool{reply.conflict_index};
    return Join("rejected, term ", reply.term.value,
                hint ? Join(", hint ", Text({reply.conflict_term, reply.conflict_index})) : "");
  }
  std::string operator()(const SnapshotReply& reply) const {
    return Join(reply.installed ? "installed" : Join("stored up to ", reply.offset), ", term ", reply.term.value);
  }
  std::string operator()(const ReadIndexReply& reply) const {
    return Join(reply.commit ? Join("readable at ", reply.commit->value) : "does not lead", ", term ",
                reply.term.value);
  }
  std::string operator()(const TimeoutNowReply& reply) const {
    return Join(reply.campaigns ? "campaigns" : "does not campaign", ", term ", reply.term.value);
  }
  std::string operator()(const EntriesReply& reply) const { return Join(reply.entries.size(), " entries"); }
  std::string operator()(const PieceReply& reply) const { return Join(reply.data.size(), " bytes of a snapshot"); }
  std::string operator()(const ForwardReply& reply) const { return Join(reply.results.size(), " results"); }
};

struct RequestText {
  std::string operator()(const VoteRequest& request) const {
    return Join(request.pre_vote ? "PreVote" : "RequestVote", " term ", request.term.value, ", log ends ",
                Text(request.last_log), request.handed_over ? ", handed over" : "");
  }
  std::string operator()(const AppendRequest& request) const {
    return Join(request.entries.empty() ? "Heartbeat" : "Append", " term ", request.term.value, ", after ",
                Text(request.prev), request.entries.empty() ? "" : Join(" [", Text(request.entries), "]"), ", commit ",
                request.commit.value);
  }
  std::string operator()(const SnapshotRequest& request) const {
    return Join("Snapshot of ", Text(request.last_included), " term ", request.term.value, ", from ", request.offset);
  }
  std::string operator()(const ReadIndexRequest& request) const { return Join("ReadIndex from ", request.from); }
  std::string operator()(const TimeoutNowRequest& request) const {
    return Join("TimeoutNow term ", request.term.value);
  }
  std::string operator()(const EntriesRequest& request) const {
    return Join("entries from ", request.first.value, " before ", Text(request.proof));
  }
  std::string operator()(const PieceRequest& request) const { return Join("a snapshot to ", request.at_least.value); }
  std::string operator()(const ForwardRequest& request) const { return Join(request.commands.size(), " commands"); }
};

struct OutcomeText {
  std::string operator()(const Accepted& outcome) const {
    return Join("proposal ", outcome.id.value, " is at ", Text(outcome.at));
  }
  std::string operator()(const Refused& outcome) const {
    return Join("refuses ", outcome.id.value,
                outcome.why == Refusal::kNoSpace              ? ", no space"
                : outcome.why == Refusal::kTooMuchUncommitted ? ", too much uncommitted"
                : outcome.why == Refusal::kHandingOver        ? ", handing over"
                : outcome.why == Refusal::kNoVoter            ? ", no voter"
                : outcome.why == Refusal::kNoSuccessor        ? ", no successor"
                : outcome.why == Refusal::kNotTakenOver       ? ", not taken over"
                                                              : ", not the leader",
                ", hint ", Named(outcome.leader_hint));
  }
  std::string operator()(const HandedOver& outcome) const {
    return Join("hand-over ", outcome.id.value, " is done, ", outcome.leader, " leads");
  }
  std::string operator()(const Readable& outcome) const {
    return Join("read ", outcome.id.value, " is safe at ", outcome.at_least.value);
  }
};

struct EventText {
  std::string operator()(const ElectionStarted& event) const {
    return Join("campaigns for term ", event.term.value, event.role == Role::kPreCandidate ? " (pre-vote)" : "");
  }
  std::string operator()(const RoleChanged& event) const {
    return Join(ToString(event.from), " -> ", ToString(event.to), ", term ", event.term.value, ": ",
                ToString(event.reason));
  }
  std::string operator()(const LeaderChanged& event) const { return Join("follows ", Named(event.leader)); }
  std::string operator()(const VoteCast& event) const {
    return Join("votes for ", event.candidate, " in term ", event.term.value);
  }
  std::string operator()(const LogTruncated& event) const {
    return Join("drops ", event.entries, " entries from ", event.from.value);
  }
  std::string operator()(const CommitAdvanced& event) const { return Join("commit ", event.commit.value); }
  std::string operator()(const PeerLostLog& event) const {
    return Join("sees that ", event.peer, " lost its log up to ", event.acknowledged.value);
  }
  std::string operator()(const VoteRegained& event) const {
    return Join("votes again, caught up to ", event.caught_up_to.value);
  }
  std::string operator()(const MessageRefused& event) const {
    return Join("refuses ", Named(event.from), " in term ", event.term.value, ": ", ToString(event.why));
  }
  std::string operator()(const VoteRefused& event) const {
    return Join("refuses ", Named(event.candidate), event.pre_vote ? " a pre-vote" : " its vote", " in term ",
                event.term.value, ": ", ToString(event.why), ", ", Text(event.theirs), " to our ", Text(event.ours));
  }
  std::string operator()(const PeerRefuses& event) const { return Join("is refused by ", event.peer); }
  std::string operator()(const InstallationChanged& event) const {
    using What = InstallationChanged::What;
    return Join(event.what == What::kBegun     ? "sends "
                : event.what == What::kDone    ? "has sent "
                : event.what == What::kGivenUp ? "gives up sending "
                                               : "cannot send ",
                event.peer, " the snapshot of ", Text(event.last_included));
  }
  std::string operator()(const ConfigurationChanged& event) const {
    return Join("members from ", event.at.value, ": ", ToString(event.configuration));
  }
  std::string operator()(const HandoverChanged& event) const { return Join(ToString(event.what), " ", event.to); }
  std::string operator()(const SnapshotInstalled& event) const {
    return Join("takes up the snapshot of ", Text(event.last_included), " from ", Named(event.leader));
  }
};

}  // namespace

LogPosition PositionOf(std::string_view position) {
  if (position.empty()) return {};
  const size_t colon = position.find(':');
  return {Term{std::stoull(std::string(position.substr(0, colon)))},
          Index{std::stoull(std::string(position.substr(colon + 1)))}};
}

Entries EntriesOf(std::string_view log) {
  Entries entries;
  std::istringstream words{std::string(log)};
  for (std::string word; words >> word;) {
    const size_t equals = std::min(word.find('='), word.size());
    const LogPosition at = PositionOf(word.substr(0, equals));
    const bool members = equals < word.size();
    entries.push_back({.index = at.index,
                       .term = at.term,
                       .type = members ? EntryType::kConfig : EntryType::kNormal,
                       .data = Bytes(members ? word.substr(equals + 1) : std::string())});
  }
  return entries;
}

Configuration MembersOf(std::string_view members) {
  Configuration configuration;
  std::set<NodeId>* nodes = &configuration.voters;
  for (const char c : members) {
    if (c == '/') {
      nodes = &configuration.outgoing;
    } else if (c == '+') {
      nodes = &configuration.learners;
    } else {
      nodes->insert(NodeId(1, c));
    }
  }
  return configuration;
}

std::optional<Configuration> MembersIn(const Entry& entry) { return MembersOf(entry.data.view()); }

Request Append(const AppendSpec& spec) {
  return AppendRequest{.term = {spec.term},
                       .leader = spec.leader,
                       .prev = PositionOf(spec.prev),
                       .entries = EntriesOf(spec.entries),
                       .commit = {spec.commit},
                       .leader_last = {spec.leader_last}};
}

Request AskVote(const VoteSpec& spec) {
  return VoteRequest{
      .term = {spec.term}, .candidate = spec.candidate, .last_log = PositionOf(spec.last), .pre_vote = false};
}

Request AskHandedOverVote(const VoteSpec& spec) {
  return VoteRequest{
      .term = {spec.term}, .candidate = spec.candidate, .last_log = PositionOf(spec.last), .handed_over = true};
}

Request AskPreVote(const VoteSpec& spec) {
  return VoteRequest{
      .term = {spec.term}, .candidate = spec.candidate, .last_log = PositionOf(spec.last), .pre_vote = true};
}

std::optional<Reply> Reject(const RejectSpec& spec) {
  return AppendReply{{spec.term}, false, {spec.conflict_term}, {spec.retry_at}};
}
std::optional<Reply> Accept(uint64_t term) { return AppendReply{{term}, true, {}, {}}; }
std::optional<Reply> Granted(uint64_t term) { return VoteReply{{term}, true}; }
std::optional<Reply> Denied(uint64_t term) { return VoteReply{{term}, false}; }

std::string Text(const LogPosition& position) { return Join(position.term.value, ":", position.index.value); }

std::string Text(const Entries& entries) {
  std::string text;
  for (const Entry& entry : entries) text += (text.empty() ? "" : " ") + Text(entry.position());
  return text;
}

std::string Text(const Log& log) { return Text(log.From(log.first())); }
std::string Text(const Request& request) { return std::visit(RequestText{}, request); }
std::string Text(const std::optional<Reply>& reply) { return reply ? std::visit(ReplyText{}, *reply) : "no answer"; }
std::string Text(const Outcome& outcome) { return std::visit(OutcomeText{}, outcome); }
std::string Text(const NodeEvent& event) { return std::visit(EventText{}, event); }

std::string Text(const Write& write) {
  std::string text;
  if (write.hard_state) {
    text += Join(" term ", write.hard_state->term.value, " vote ", Named(write.hard_state->voted_for),
                 write.hard_state->may_vote ? "" : " may not vote");
  }
  if (!write.entries.empty()) text += Join(" [", Text(write.entries), "]");
  return text.empty() ? " nothing new" : text;
}

void PrintTo(const VoteReply& reply, std::ostream* out) { *out << Text(std::optional<Reply>(reply)); }
void PrintTo(const AppendReply& reply, std::ostream* out) { *out << Text(std::optional<Reply>(reply)); }
void PrintTo(const Entry& entry, std::ostream* out) { *out << Text(entry.position()); }

}  // namespace raftly
