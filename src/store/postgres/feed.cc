#include "store/postgres/feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "store/postgres/usage.h"
#include "store/postgres/wait.h"
#include "util/string_util.h"

namespace silverback::store::postgres {
namespace {

using sql::Value;

// How long events are kept, as in Kong.
constexpr double kKept = 3600;
// A node that was away for nearly that long may have missed some.
constexpr double kLongestAbsence = kKept - 300;
// An event's time is that of its writing; it becomes visible with its commit. The usual search goes
// back so far, the thorough one, now and then, to the oldest event.
constexpr double kUsualReach = 60;
constexpr double kThoroughEvery = 300;
// Kong nodes look for times between their last look and now: one that lies a little ahead is not
// missed when the commit takes its time.
constexpr int kAheadMs = 100;
constexpr int kMaxEvents = 20000;
constexpr int kOldestWithWal = 100000;  // PostgreSQL 10 renamed "xlog" to "wal"
constexpr uint64_t kXidRange = uint64_t{1} << 32;

// $1: since when (seconds), $2: since which transaction, $3: how many at most, $4: this node. One
// row at least: the first two columns are the same in all.
constexpr const char* kSelectEvents =
    "SELECT s.oldest, s.now, e.id, e.channel, e.data, "
    "s.now - EXTRACT(EPOCH FROM e.at)::double precision, "
    "GREATEST(EXTRACT(EPOCH FROM e.nbf)::double precision - s.now, 0), e.node_id = $4::uuid "
    "FROM (SELECT txid_snapshot_xmin(txid_current_snapshot()) AS oldest, "
    "EXTRACT(EPOCH FROM clock_timestamp())::double precision AS now) AS s "
    "LEFT JOIN (SELECT id, node_id, channel, data, at, nbf FROM cluster_events "
    "WHERE at > to_timestamp($1) AND age(xmin) <= age($2::text::xid) ORDER BY at LIMIT $3) AS e "
    "ON true ORDER BY e.at";

// Which history the positions belong to: another server, a promoted copy of this one, another
// database, another schema.
constexpr const char* kIdentity =
    "SELECT current_database() || '/' || current_schema(), pg_is_in_recovery(), current_schema()";
constexpr const char* kServerIdentity =
    "SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || "
    "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";

struct Position {
  std::string identity;
  // Of the last look, and of the last thorough one.
  double looked_at = 0, thorough_at = 0;
  uint64_t oldest = 0, thorough_oldest = 0;

  static std::optional<Position> Parse(const std::string& text) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    Position position;
    position.identity = StringMember(json, "server");
    position.looked_at = NumberMember(json, "at");
    position.thorough_at = NumberMember(json, "thorough_at");
    position.oldest = static_cast<uint64_t>(NumberMember(json, "oldest"));
    position.thorough_oldest = static_cast<uint64_t>(NumberMember(json, "thorough_oldest"));
    return position;
  }

  std::string ToText() const {
    return DumpJson({{"server", identity},
                     {"at", looked_at},
                     {"thorough_at", thorough_at},
                     {"oldest", oldest},
                     {"thorough_oldest", thorough_oldest}});
  }
};

double ToNumber(std::string_view text) { return std::strtod(std::string(text).c_str(), nullptr); }

class PostgresFeed final : public ChangeFeed {
 public:
  PostgresFeed(Options server, EventOptions options)
      : server_(std::move(server)), options_(std::move(options)) {}

  Result<Batch> Next(const std::string& position, std::chrono::milliseconds at_most,
                     const std::function<bool()>& give_up) override {
    const bool known = connection_ && !connection_->broken();
    if (!known) {
      if (Status done = Connect(); !done) return Lost(done.error());
    } else {
      auto notices = connection_->WaitForNotices(UntilDelayed(at_most), give_up);
      if (!notices) return Lost(notices.error());
    }
    Settle(position);
    auto batch = Look(Position::Parse(position));
    if (!batch) return Lost(batch.error());
    given_position_ = batch->position;
    return batch;
  }

  Status Clean() override {
    constexpr const char* kDelete =
        "DELETE FROM cluster_events WHERE ctid = ANY(ARRAY(SELECT ctid FROM cluster_events "
        "WHERE expire_at < CURRENT_TIMESTAMP LIMIT 10000 FOR UPDATE SKIP LOCKED))";
    if (!connection_) return Ok();
    // Not there when the database has never had the plugin.
    (void)connection_->Query(kCleanUsage);
    const auto done = connection_->Query(kDelete);
    return done ? Ok() : Status(Lost(done.error()));
  }

 private:
  struct Delayed {
    ClusterEvent event;
    WaitClock::time_point due;
  };

  Error Lost(Error error) {
    if (connection_ && connection_->broken()) connection_.reset();
    return error;
  }

  Status Connect() {
    connection_.reset();
    auto opened = Connection::Open(server_);
    if (!opened) return opened.error();
    const auto identity = (*opened)->Query(kIdentity);
    if (!identity) return identity.error();
    if (identity->Text(0, 1) == "t") {
      // A copy that is not (yet) the one that takes writes: it may lack what we know already.
      return Error(ErrorCode::kUnavailable, "the server is in recovery and takes no writes");
    }
    identity_ = identity->Text(0, 0);
    if ((*opened)->server_version() >= kOldestWithWal) {
      // Not every role may ask.
      if (const auto server = (*opened)->Query(kServerIdentity)) identity_ += server->Text(0, 0);
    }
    // A pooler between us may not know LISTEN: then it is polling only.
    const std::string channel = "silverback:" + std::string(identity->Text(0, 2));
    (void)(*opened)->Script("LISTEN " + (*opened)->QuoteName(channel));
    if ((*opened)->broken()) return Error(ErrorCode::kUnavailable, "connection lost");
    connection_ = *std::move(opened);
    return Ok();
  }

  std::chrono::milliseconds UntilDelayed(std::chrono::milliseconds at_most) const {
    for (const Delayed& each : delayed_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(each.due - WaitClock::now());
      at_most = std::clamp(left, std::chrono::milliseconds(0), at_most);
    }
    return at_most;
  }

  Result<Batch> Look(std::optional<Position> from) {
    const bool gap = !from || from->identity != identity_;
    if (gap) from = Position{identity_, 0, 0, 0, 0};
    const double now = NowWithMillis();
    const bool thorough = !gap && now - from->thorough_at > kThoroughEvery;
    const double since = gap        ? std::numeric_limits<int32_t>::max()
                         : thorough ? from->thorough_at - kKept
                                    : from->looked_at - kUsualReach;
    const uint64_t oldest = thorough ? from->thorough_oldest : from->oldest;
    const auto rows = connection_->Query(
        kSelectEvents, {Value::Real(since), Value::Text(std::to_string(oldest % kXidRange)),
                        Value::Integer(kMaxEvents + 1), Value::Text(options_.node_id)});
    if (!rows) return rows.error();
    Position to = *from;
    to.looked_at = ToNumber(rows->Text(0, 1));
    to.oldest = static_cast<uint64_t>(ToNumber(rows->Text(0, 0)));
    Batch batch;
    batch.gap = gap || to.looked_at - from->looked_at > kLongestAbsence ||
                to.looked_at < from->looked_at - kUsualReach || to.oldest < from->oldest ||
                rows->size() > kMaxEvents;
    if (batch.gap || thorough) {
      to.thorough_at = to.looked_at;
      to.thorough_oldest = to.oldest;
    }
    batch.position = to.ToText();
    if (!batch.gap) Collect(*rows, batch.events);
    TakeDue(batch.events);
    return batch;
  }

  void Collect(const Answer& rows, std::vector<ClusterEvent>& events) {
    for (int i = 0; i < rows.size(); ++i) {
      if (rows.IsNull(i, 2) || !Remember(std::string(rows.Text(i, 2)))) continue;
      ClusterEvent event{std::string(rows.Text(i, 3)), std::string(rows.Text(i, 4)),
                         std::max(ToNumber(rows.Text(i, 5)), 0.0), rows.Text(i, 7) == "t"};
      const double delay = rows.IsNull(i, 6) ? 0 : ToNumber(rows.Text(i, 6));
      if (delay > 0) {
        delayed_.push_back(
            {event, WaitClock::now() + std::chrono::milliseconds(std::lround(delay * 1000))});
      }
      events.push_back(std::move(event));
    }
  }

  // Kong waits with an event until its time has come. Reading rows at once does no harm, as we ask
  // the server that takes the writes; and it is done again when it is due.
  void TakeDue(std::vector<ClusterEvent>& events) {
    const auto now = WaitClock::now();
    std::erase_if(delayed_, [&](Delayed& each) {
      if (each.due > now) return false;
      events.push_back(std::move(each.event));
      return true;
    });
  }

  // False: it has been given already, and heeded.
  bool Remember(const std::string& id) {
    if (seen_.contains(id) || seen_before_.contains(id)) return false;
    given_.push_back(id);
    return true;
  }

  // The caller goes on from where the last batch ended: then it has heeded the batch's events.
  // Two generations keep the memory small.
  void Settle(const std::string& position) {
    constexpr size_t kRemembered = 50000;
    if (position == given_position_) {
      if (seen_.size() >= kRemembered) seen_before_ = std::exchange(seen_, {});
      seen_.insert(given_.begin(), given_.end());
    }
    given_.clear();
  }

  const Options server_;
  const EventOptions options_;
  std::unique_ptr<Connection> connection_;
  std::string identity_;
  std::vector<Delayed> delayed_;
  // The ids of events: of the last batch; heeded.
  std::vector<std::string> given_;
  std::string given_position_;
  std::unordered_set<std::string> seen_, seen_before_;
};

}  // namespace

EventStatement TellStatement(const EventOptions& options, const std::vector<ClusterEvent>& events) {
  std::vector<std::string> ids, channels, data;
  for (const ClusterEvent& event : events) {
    ids.push_back(NewUuid());
    channels.push_back(event.channel);
    data.push_back(event.data);
  }
  static const std::string text = fmt::format(
      "WITH told AS (INSERT INTO cluster_events (id, node_id, at, nbf, expire_at, channel, data) "
      "SELECT e.id, $1::uuid, t.at, "
      "CASE WHEN $2::double precision > 0 THEN t.at + $2::double precision * interval '1 second' "
      "END, "
      "t.at + $3::double precision * interval '1 second', e.channel, e.data "
      "FROM (SELECT date_trunc('milliseconds', clock_timestamp() + interval '{} milliseconds') AS "
      "at) "
      "AS t, unnest($4::uuid[], $5::text[], $6::text[]) AS e(id, channel, data)) "
      "SELECT pg_notify('silverback:' || current_schema(), '')",
      kAheadMs);
  return {text,
          {Value::Text(options.node_id), Value::Real(options.propagation_s),
           Value::Real(std::max(options.propagation_s * 10, kKept)),
           Value::Text(sql::ArrayLiteral(ids)), Value::Text(sql::ArrayLiteral(channels)),
           Value::Text(sql::ArrayLiteral(data))}};
}

std::unique_ptr<ChangeFeed> NewFeed(Options server, EventOptions options) {
  return std::make_unique<PostgresFeed>(std::move(server), std::move(options));
}

}  // namespace silverback::store::postgres
