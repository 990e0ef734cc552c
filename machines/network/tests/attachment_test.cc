// One attachment by itself: answers that come in another order than the plane's usual one.
#include "machines/network/attachment/attachment.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "machines/clusterconfig/settings.h"

namespace sluice {
namespace {

constexpr const char* kUid = "u-binding";

// Remembers what was sent, as "command target".
class RecordingPort final : public AttachmentPort {
 public:
  explicit RecordingPort(const DecideContext& context) : AttachmentPort(context, "u-owner") {}
  void Send(const EntityKey& target, AnyTable command) override {
    sent.push_back(std::string(command.type_name()) + " " + target.ToString());
  }
  uint64_t SendForOutcome(const EntityKey& target, AnyTable command) override {
    Send(target, std::move(command));
    return ++outcomes;
  }

  std::vector<std::string> sent;
  uint64_t outcomes = 0;
};

// Asked subnet s for an address, with binding b of network n.
class AskedForAnAddress : public ::testing::Test {
 protected:
  AskedForAnAddress() {
    attachment_.step = AttachmentStep::kAddress;
    attachment_.network = "n";
    attachment_.location = "here";
    attachment_.wants_address = true;
    attachment_.binding = "b";
    attachment_.binding_uid = kUid;
    attachment_.context = "c";
    attachment_.claim = "s";
    attachment_.subnet = "s";
  }

  bool SeeBindingGone() {
    Observed seen;
    seen.subject = "networkbinding/default/b";
    seen.uid = kUid;
    seen.phase = "Deleted";
    return AdvanceAttachment(attachment_, seen, port_);
  }
  bool Grant() {
    AddressGranted granted;
    granted.subnet = "s";
    granted.address = "127.64.0.2";
    return AdvanceAttachment(attachment_, granted, port_);
  }
  bool Refuse(const std::string& reason) {
    AddressRefused refused;
    refused.subnet = "s";
    refused.reason = reason;
    return AdvanceAttachment(attachment_, refused, port_);
  }
  std::vector<std::string> TakeSent() { return std::exchange(port_.sent, {}); }

  const ClusterConfigSpec settings_ = DefaultSettings();
  const DecideContext context_{.self = {"host", "default", "h"},
                               .time = Time{.us = 1'000'000},
                               .origin = {},
                               .actor = "",
                               .sender = "",
                               .settings = &settings_};
  RecordingPort port_{context_};
  Attachment attachment_;
};

// Simulator seed 5481: the binding went between question and answer, the answer found nobody who
// waited for it, and the address had a holder for ever.
TEST_F(AskedForAnAddress, WhatIsGrantedAfterTheBindingWentIsGivenBack) {
  EXPECT_TRUE(SeeBindingGone());
  EXPECT_TRUE(TakeSent().empty());
  EXPECT_TRUE(Grant());
  EXPECT_TRUE(IsReady(attachment_));
  EXPECT_EQ(attachment_.address, "127.64.0.2");
  TakeSent();
  EXPECT_TRUE(ReleaseAttachment(attachment_, port_));
  EXPECT_EQ(TakeSent(), (std::vector<std::string>{"ReleaseAddress subnet/default/s"}));
}

TEST_F(AskedForAnAddress, DeletedBeforeTheAnswerItGivesBackWhatItMayGet) {
  EXPECT_TRUE(SeeBindingGone());
  EXPECT_TRUE(ReleaseAttachment(attachment_, port_));
  EXPECT_EQ(TakeSent().back(), "ReleaseAddress subnet/default/s");
}

TEST_F(AskedForAnAddress, RefusedAfterTheBindingWentItBeginsAnew) {
  for (const char* reason : {"AddressPoolExhausted", "Deleting"}) {
    attachment_.step = AttachmentStep::kAddress;
    attachment_.binding_uid = kUid;
    EXPECT_TRUE(SeeBindingGone());
    EXPECT_TRUE(Refuse(reason));
    EXPECT_EQ(attachment_.step, AttachmentStep::kBinding) << reason;
    EXPECT_EQ(TakeSent(),
              (std::vector<std::string>{"NetworkBindingCreate networkbinding/default/b"}))
        << reason;
  }
}

TEST_F(AskedForAnAddress, ABindingThatGoesWhileARefusalIsWaitedOutIsMadeOnce) {
  EXPECT_TRUE(Refuse("NotProgrammed"));
  EXPECT_TRUE(attachment_.retry.next_time.IsSet());
  EXPECT_TRUE(SeeBindingGone());
  EXPECT_EQ(attachment_.step, AttachmentStep::kBinding);
  EXPECT_EQ(TakeSent().size(), 1u);
  // Its Create is under way: the time to try the address again has nothing to do with it.
  DecideContext later = context_;
  later.time = Time{.us = 3'600'000'000};
  RecordingPort then(later);
  EXPECT_FALSE(AdvanceAttachment(attachment_, TimerDue{.id = kAttachmentTimer}, then));
  EXPECT_TRUE(then.sent.empty());
}

// An instance that had a subnet from its deployment asked that for ever, when the network had been
// deleted with all that held it and its subnets had other names since.
TEST_F(AskedForAnAddress, WhereItsSubnetWentTheContextIsAskedForAnother) {
  attachment_.claim = "";
  attachment_.context = "c";
  EXPECT_TRUE(Refuse("SubnetNotReady"));
  EXPECT_TRUE(TakeSent().empty());
  DecideContext later = context_;
  later.time = attachment_.retry.next_time;
  RecordingPort then(later);
  EXPECT_TRUE(AdvanceAttachment(attachment_, TimerDue{.id = kAttachmentTimer}, then));
  EXPECT_EQ(then.sent, (std::vector<std::string>{"EnsureClaim networkcontext/default/c"}));
  ClaimEnsured ensured;
  ensured.context = "c";
  ensured.claim = "c-1";
  EXPECT_TRUE(AdvanceAttachment(attachment_, ensured, then));
  EXPECT_EQ(attachment_.step, AttachmentStep::kSubnet);
  EXPECT_EQ(then.sent.back(), "Observe subnetclaim/default/c-1");
}

TEST(Attachments, TheWorstFailureIsToldAndOfEquallyBadOnesTheFirst) {
  Attachment fine;
  Attachment missing;
  missing.failure_reason = "NetworkNotFound";
  missing.failure_message = "Network default/ghost not found";
  Attachment failed;
  failed.failure_reason = "NetworkFailedToCreate";
  failed.failure_message = "RangeUnsupported: too small";
  Attachment other = failed;
  other.failure_message = "AddressPoolExhausted: full";
  EXPECT_FALSE(FailureOf({fine}));
  EXPECT_EQ(FailureOf({fine, missing})->message, missing.failure_message);
  EXPECT_EQ(FailureOf({missing, failed, other})->message, failed.failure_message);
  EXPECT_EQ(FailureOf({other, missing, failed})->message, other.failure_message);
}

}  // namespace
}  // namespace sluice
