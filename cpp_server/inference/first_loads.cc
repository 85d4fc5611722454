#include "cpp_server/inference/first_loads.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <thread>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/core/thread.h"

namespace trilho {
namespace {

// The key of the payload that marks a status; its value is the model's name.
constexpr char kPayload[] = "trilho/first_load";

// How often it is looked whether callers have left, while calls wait.
constexpr std::chrono::milliseconds kLook(50);

// A caller is answered a tenth of its time early, and this much at most, so that it reads the answer and does not give
// up by itself.
constexpr std::chrono::milliseconds kLongestHead(100);
constexpr int kHeadShare = 10;

// Waits beyond are as good as endless; the clock has no room for the longest.
constexpr std::chrono::hours kFar(24 * 365);

FirstLoads::Clock::time_point AnswerBy(FirstLoads::Clock::time_point deadline, FirstLoads::Clock::time_point now) {
  if (deadline <= now || deadline == FirstLoads::Clock::time_point::max()) return deadline;
  return deadline - std::min<FirstLoads::Clock::duration>((deadline - now) / kHeadShare, kLongestHead);
}

size_t IndexOf(Protocol protocol) { return protocol == Protocol::kGrpc ? 0 : 1; }

std::string Quoted(const std::string& model) { return absl::StrCat("the model \"", model, "\""); }

}  // namespace

FirstLoads::FirstLoads(const Options& options, IsSettled is_settled, Outcome outcome)
    : options_(options),
      is_settled_(std::move(is_settled)),
      outcome_(std::move(outcome)),
      thread_(StartThread("first loads", [this] { Run(); })) {}

FirstLoads::~FirstLoads() { Stop(); }

void FirstLoads::SetModels(const std::vector<std::string>& models) {
  std::set<std::string> names(models.begin(), models.end());
  MutexLock lock(&mu_);
  for (const std::string& model : names) {
    if (models_.count(model) == 0) pending_[model] = Clock::now();
  }
  for (const std::string& model : models_) {
    // Its calls are begun anew and find that there is no such model.
    if (names.count(model) == 0 && pending_.erase(model) > 0) changed_.insert(model);
  }
  models_ = std::move(names);
  cv_.NotifyAll();
}

void FirstLoads::Note(absl::string_view model) {
  MutexLock lock(&mu_);
  const std::string name(model);
  if (pending_.count(name) == 0) return;
  changed_.insert(name);
  cv_.NotifyAll();
}

absl::Status FirstLoads::Absence(absl::string_view model) const {
  const std::string name(model);
  Clock::time_point since;
  {
    MutexLock lock(&mu_);
    const auto pending = pending_.find(name);
    if (pending == pending_.end()) return absl::OkStatus();
    since = pending->second;
  }
  // The thread may not have looked yet.
  if (is_settled_(name, since)) return absl::OkStatus();
  absl::Status status = absl::UnavailableError(absl::StrCat("the server is still loading ", Quoted(name)));
  status.SetPayload(kPayload, absl::Cord(name));
  return status;
}

std::string FirstLoads::PendingModel(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  return payload ? std::string(*payload) : "";
}

bool FirstLoads::Takes(const absl::Status& status) const {
  return options_.max_wait.count() > 0 && !PendingModel(status).empty();
}

void FirstLoads::Defer(const absl::Status& status, const CallContext& context, Resume resume) {
  const auto now = Clock::now();
  // Made first, so that nothing can fail once the call is taken.
  std::list<Call> call(1);
  call.front().model = PendingModel(status);
  call.front().context = context;
  call.front().deadline = AnswerBy(context.deadline, now);
  call.front().patience = now + std::min<std::chrono::milliseconds>(options_.max_wait, kFar);
  call.front().resume = std::move(resume);
  const std::string model = Quoted(call.front().model);
  absl::Status answer;
  {
    MutexLock lock(&mu_);
    int& waiting = waiting_[IndexOf(context.protocol)];
    const bool is_over = pending_.count(call.front().model) == 0;
    if (stopped_) {
      answer = absl::UnavailableError(absl::StrCat("the server is shutting down while ", model, " was still loading"));
    } else if (!is_over && waiting >= options_.max_waiting_calls) {
      answer = absl::ResourceExhaustedError(absl::StrCat(
          "the server is overloaded: ", Counted(options_.max_waiting_calls, "call waits", "calls wait"),
          " already for models that are still loading (--max_queued_requests=", options_.max_waiting_calls, ")"));
    } else if (!is_over) {
      calls_.splice(calls_.end(), call);
      ++waiting;
      cv_.NotifyAll();
      return;
    }
  }
  call.front().resume(answer);
}

size_t FirstLoads::waiting(Protocol protocol) const {
  MutexLock lock(&mu_);
  return static_cast<size_t>(waiting_[IndexOf(protocol)]);
}

void FirstLoads::Stop() {
  {
    MutexLock lock(&mu_);
    stopped_ = true;
    cv_.NotifyAll();
  }
  if (thread_.ok() && thread_->joinable()) thread_->join();
}

void FirstLoads::Run() {
  // Calls that are to be resumed.
  std::list<Call> over;
  for (bool stopped = false; !stopped || !over.empty();) {
    std::set<std::string> noted;
    bool has_memory = true;
    try {
      stopped = Look(&noted, &over);
    } catch (const std::bad_alloc&) {
      has_memory = false;
      MutexLock lock(&mu_);
      changed_.merge(noted);
    }
    for (auto call = over.begin(); call != over.end();) {
      try {
        call->resume(call->answer);
        call = over.erase(call);
      } catch (const std::bad_alloc&) {
        has_memory = false;
        ++call;
      }
    }
    // Nothing is lost: it is looked at again, when there may be memory.
    if (!has_memory) std::this_thread::sleep_for(kLook);
  }
}

bool FirstLoads::Look(std::set<std::string>* noted, std::list<Call>* over) {
  // Calls that could not be resumed do not wait for models.
  const std::map<std::string, Clock::time_point> changed = NextChanged(/*waits=*/over->empty(), noted);
  std::map<std::string, absl::Status> settled;
  for (const auto& [model, since] : changed) {
    if (is_settled_(model, since)) settled[model] = outcome_(model);
  }
  MutexLock lock(&mu_);
  for (auto model = settled.begin(); model != settled.end();) {
    const auto pending = pending_.find(model->first);
    // Removed and added again in between, it is another one.
    const bool is_same = pending != pending_.end() && pending->second == changed.at(model->first);
    model = is_same ? std::next(model) : settled.erase(model);
  }
  TakeOver(settled, over);
  for (const auto& model : settled) pending_.erase(model.first);
  return stopped_;
}

std::map<std::string, FirstLoads::Clock::time_point> FirstLoads::NextChanged(bool waits, std::set<std::string>* noted) {
  std::map<std::string, Clock::time_point> changed;
  MutexLock lock(&mu_);
  const auto look = Clock::now() + kLook;
  while (waits && !stopped_ && changed_.empty()) {
    if (calls_.empty()) {
      cv_.Wait(&mu_);
      if (!calls_.empty()) break;
    } else if (!cv_.WaitUntil(&mu_, look)) {
      break;
    }
  }
  if (stopped_) return changed;
  for (const Call& call : calls_) changed_.insert(call.model);
  for (const std::string& model : changed_) {
    const auto pending = pending_.find(model);
    if (pending != pending_.end()) changed.insert(*pending);
  }
  noted->swap(changed_);
  return changed;
}

void FirstLoads::TakeOver(const std::map<std::string, absl::Status>& settled, std::list<Call>* over) {
  for (auto next = calls_.begin(); next != calls_.end();) {
    const auto call = next++;
    if (!IsOver(*call, settled, &call->answer)) continue;
    --waiting_[IndexOf(call->context.protocol)];
    // Takes no memory, so that a call is always in one of the two.
    over->splice(over->end(), calls_, call);
  }
}

bool FirstLoads::IsOver(const Call& call, const std::map<std::string, absl::Status>& settled,
                        absl::Status* status) const {
  const auto now = Clock::now();
  const auto found = settled.find(call.model);
  if (found != settled.end()) {
    if (!found->second.ok()) {
      *status =
          absl::UnavailableError(absl::StrCat(Quoted(call.model), " could not be loaded: ", found->second.message()));
    }
  } else if (pending_.count(call.model) == 0) {
    *status = absl::OkStatus();
  } else if (now >= call.deadline) {
    *status = absl::DeadlineExceededError(
        absl::StrCat("the deadline passed while ", Quoted(call.model), " was still loading"));
  } else if (call.context.cancelled != nullptr && *call.context.cancelled) {
    *status =
        absl::CancelledError(absl::StrCat("the caller has gone while ", Quoted(call.model), " was still loading"));
  } else if (stopped_) {
    *status = absl::UnavailableError(
        absl::StrCat("the server is shutting down while ", Quoted(call.model), " was still loading"));
  } else if (now >= call.patience) {
    *status = absl::UnavailableError(
        absl::StrCat(Quoted(call.model), " was still loading when its call had waited for ",
                     std::chrono::duration<double>(options_.max_wait).count(), " s (--max_first_load_wait_seconds)"));
  } else {
    return false;
  }
  return true;
}

}  // namespace trilho
