// A pull request against a GitHub that people and bots change as they like, a provider that fails
// and loses answers, and webhooks late, twice and out of order.
//
// Throughout: only labels of the six states are touched, at most one sort of action is pending, and
// GitHub is corrected at most three times in any hour. Once everybody is quiet both sides agree,
// and what is not ours is as others left it.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <set>

#include "machines/common/testing/pick.h"
#include "machines/common/testing/world.h"
#include "machines/pullrequest/pullrequest.h"

namespace sluice {
namespace {

using testing::Pick;

constexpr const char* kEntity = "pullrequest/default/acme--shop--42";
const std::vector<std::string> kOurs = {"sluice/discovered", "sluice/qualified", "sluice/merging",
                                        "sluice/failed",     "sluice/merged",    "sluice/closed"};
const std::vector<std::string> kTheirs = {"bug", "sluice/urgent", "qualified"};

bool Has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

class Story {
 public:
  Story() : world_(BuiltinKinds()) {
    world_.deliver = true;
    world_.deliver_to = {"registry", "pullrequest"};
    world_.on_decision = [this](const testing::World&, const Decision& decision) {
      for (const Event& event : decision.events) {
        const auto* contested = event.payload.As<LabelContested>();
        if (contested && !contested->held_until.IsSet()) corrected_.push_back(world_.now());
      }
    };
    PullRequestApply apply;
    apply.spec.repository = "acme/shop";
    apply.spec.number = 42;
    apply.spec.auto_merge = *rc::gen::arbitrary<bool>();
    apply.spec.qualification.min_approvals = Pick(0, 2);
    apply.spec.qualification.required_checks = {"ci"};
    RC_ASSERT(world_.SendAndSettle(kEntity, apply).verdict == Verdict::kAccepted);
  }

  void Step() {
    switch (
        *rc::gen::weightedElement<int>({{4, 0}, {8, 1}, {3, 2}, {3, 3}, {2, 4}, {1, 5}, {1, 6}})) {
      case 0:
        MoveLabels();
        break;
      case 1:
        Work(true);
        break;
      case 2:
        Webhook();
        break;
      case 3:
        ChangeFacts();
        break;
      case 4:
        world_.Advance(Duration::Seconds(Pick(1, 20 * 60)));
        break;
      case 5:
        world_.Send(kEntity, RefreshPullRequest{});
        break;
      case 6:
        world_.Send(kEntity, EnsureConsistency{});
        break;
    }
    Check();
  }

  // Nobody interferes and nothing fails any more.
  void Quiet() {
    world_.Advance(Duration::Hours(2));
    for (int i = 0; i < 200; ++i) {
      if (world_.Pending(kEntity).empty()) world_.Advance(Duration::Minutes(6));
      Work(false);
      Check();
    }
    const std::vector<std::string> others = Others();
    // What is merged is not polled: the first finds what was done to it, the second finds nothing.
    for (int i = 0; i < 2; ++i) {
      world_.Send(kEntity, EnsureConsistency{});
      for (int j = 0; j < 5; ++j) Work(false);
    }
    const auto& request = world_.As<PullRequest>(kEntity);
    RC_LOG() << world_.Json(kEntity) << "\nGitHub: " << state_ << " " << sha_ << " "
             << ::testing::PrintToString(labels_) << "\n";
    RC_ASSERT(request.status.last_consistency.has_value());
    RC_ASSERT(request.status.last_consistency->consistent);
    std::vector<std::string> ours;
    for (const std::string& label : labels_) {
      if (Has(kOurs, label)) ours.push_back(label);
    }
    RC_ASSERT(ours.size() == 1U);
    std::string wanted = "sluice/" + std::string(ToString(request.status.phase));
    std::transform(wanted.begin(), wanted.end(), wanted.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    RC_ASSERT(ours.front() == wanted);
    RC_ASSERT(merged_ == (request.status.phase == PullRequestPhase::kMerged));
    RC_ASSERT((state_ == "closed" && !merged_) ==
              (request.status.phase == PullRequestPhase::kClosed));
    RC_ASSERT(Others() == others);
    RC_ASSERT(std::set<std::string>(others.begin(), others.end()) == theirs_);
  }

 private:
  std::vector<std::string> Others() const {
    std::vector<std::string> others;
    for (const std::string& label : labels_) {
      if (!Has(kOurs, label)) others.push_back(label);
    }
    return others;
  }
  // GitHub's clock has whole seconds.
  void Touch() { at_ = Time{world_.now().us / 1'000'000 * 1'000'000}; }

  void SetLabel(const std::string& label, bool there) {
    std::erase(labels_, label);
    if (there) labels_.push_back(label);
    Touch();
  }

  void MoveLabels() {
    const bool ours = *rc::gen::weightedElement<bool>({{3, true}, {1, false}});
    const std::string label = *rc::gen::elementOf(ours ? kOurs : kTheirs);
    const bool there = *rc::gen::arbitrary<bool>();
    SetLabel(label, there);
    if (ours) return;
    if (there) theirs_.insert(label);
    if (!there) theirs_.erase(label);
  }

  void ChangeFacts() {
    switch (Pick(0, 5)) {
      case 0:
        if (!merged_) state_ = state_ == "open" ? "closed" : "open";
        break;
      case 1:
        if (!merged_) sha_ = "a" + std::to_string(++commits_);
        break;
      case 2:
        approvals_ = Pick(0, 3);
        break;
      case 3:
        ci_ = *rc::gen::element("success", "failure", "pending");
        break;
      case 4:
        if (Pick(0, 8) == 0 && state_ == "open") {
          state_ = "closed";
          merged_ = true;
        }
        break;
    }
    Touch();
  }

  ObserveGitHub Seen(bool complete, uint64_t request) const {
    ObserveGitHub seen{.labels = labels_,
                       .state = state_,
                       .merged = merged_,
                       .sha = sha_,
                       .complete = complete,
                       .at = at_,
                       .request = request};
    if (!complete) return seen;
    seen.mergeable = true;
    seen.approvals = approvals_;
    seen.checks = {{"ci", ci_}};
    return seen;
  }

  // Some are sent at once, some later, some twice.
  void Webhook() {
    webhooks_.push_back(Seen(false, 0));
    if (*rc::gen::arbitrary<bool>()) return;
    const auto which = static_cast<size_t>(Pick(0, static_cast<int>(webhooks_.size())));
    world_.Send(kEntity, webhooks_[which]);
    if (*rc::gen::arbitrary<bool>()) webhooks_.erase(webhooks_.begin() + static_cast<long>(which));
  }

  // What the provider does with what is pending.
  void Work(bool may_fail) {
    const std::vector<PendingAction> actions = world_.Pending(kEntity);
    if (actions.empty()) return;
    const std::string verb = actions.front().verb;
    const bool fails = may_fail && Pick(0, 4) == 0;
    if (verb == "FetchPullRequest") {
      if (fails) {
        world_.Send(kEntity,
                    ReportFetchFailed{.message = "no", .request = actions.front().attempt});
      } else {
        world_.Send(kEntity, Seen(true, actions.front().attempt));
      }
    } else if (verb == "Merge") {
      Merge(fails);
    } else {
      ChangeLabels(actions, may_fail);
    }
  }

  void Merge(bool fails) {
    const auto& request = world_.As<PullRequest>(kEntity);
    const std::string sha = request.own.merging_sha;
    RC_ASSERT(request.status.qualified_sha == sha);
    if (state_ != "open" || sha != sha_) {
      world_.Send(kEntity, Seen(false, 0));
    } else if (fails) {
      world_.Send(kEntity, ReportMerge{.sha = sha, .merged = false, .message = "no"});
    } else {
      state_ = "closed";
      merged_ = true;
      Touch();
      world_.Send(kEntity, ReportMerge{.sha = sha, .merged = true, .merge_sha = "m"});
    }
  }

  void ChangeLabels(const std::vector<PendingAction>& actions, bool may_fail) {
    const std::vector<std::string> seen = world_.As<PullRequest>(kEntity).status.labels;
    if (std::set(seen.begin(), seen.end()) != std::set(labels_.begin(), labels_.end())) {
      world_.Send(kEntity, Seen(false, 0));
      return;
    }
    for (const PendingAction& action : actions) {
      RC_ASSERT(Has(kOurs, action.target));
      ReportLabel report{
          .action = action.verb == "AddLabel" ? LabelAction::kAddLabel : LabelAction::kRemoveLabel,
          .label = action.target,
          .done = true};
      const int luck = may_fail ? Pick(0, 8) : 7;
      if (luck == 0) {
        report.done = false;
        world_.Send(kEntity, report);
        return;
      }
      SetLabel(action.target, action.verb == "AddLabel");
      if (luck == 1) return;  // Done, and the answer is lost.
      report.at = at_;
      world_.Send(kEntity, report);
    }
  }

  void Check() {
    std::set<std::string> sorts;
    for (const PendingAction& action : world_.Pending(kEntity)) {
      sorts.insert(action.verb == "RemoveLabel" ? "AddLabel" : action.verb);
    }
    RC_ASSERT(sorts.size() <= 1U);
    for (size_t i = 3; i < corrected_.size(); ++i) {
      RC_ASSERT(corrected_[i] - corrected_[i - 3] >= Duration::Hours(1));
    }
  }

  testing::World world_;
  std::vector<std::string> labels_;
  std::set<std::string> theirs_;
  std::string state_ = "open";
  bool merged_ = false;
  std::string sha_ = "a0";
  int commits_ = 0;
  int approvals_ = 0;
  std::string ci_ = "pending";
  Time at_{1'790'000'000'000'000};
  std::vector<ObserveGitHub> webhooks_;
  std::vector<Time> corrected_;
};

RC_GTEST_PROP(PullRequestProperty, BothSidesAgreeOnceEverybodyIsQuiet, ()) {
  Story story;
  const int steps = Pick(0, 80);
  for (int i = 0; i < steps; ++i) story.Step();
  story.Quiet();
}

}  // namespace
}  // namespace sluice
