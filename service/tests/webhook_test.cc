// Webhooks: the signature comes first, then what an event means, then who is told.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "service/github_webhook.h"
#include "service/tests/router_fixture.h"

namespace sluice::service {
namespace {

constexpr char kSecret[] = "It's a Secret to Everybody";

// The example of GitHub's documentation on validating deliveries.
TEST(WebhookSignature, IsGitHubsOwnExample) {
  const std::string signature =
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  EXPECT_TRUE(IsWebhookSigned(kSecret, "Hello, World!", signature));
  EXPECT_FALSE(IsWebhookSigned(kSecret, "Hello, World?", signature));
  EXPECT_FALSE(IsWebhookSigned("another", "Hello, World!", signature));
  EXPECT_FALSE(IsWebhookSigned("", "Hello, World!", signature));
  EXPECT_FALSE(IsWebhookSigned(kSecret, "Hello, World!", signature.substr(7)));
  EXPECT_FALSE(IsWebhookSigned(kSecret, "Hello, World!", signature.substr(0, 70)));
  EXPECT_FALSE(IsWebhookSigned(kSecret, "Hello, World!", "sha256="));
  EXPECT_FALSE(IsWebhookSigned(kSecret, "Hello, World!", ""));
}

class Webhook : public RouterFixture {
 protected:
  Webhook() : hooked_(backend_, timers_, WithSecret()) {
    backend_.indexed["pullrequest pullRequest acme/shop#42"] = {
        "pullrequest/default/acme--shop--42"};
    CommandAnswer answer;
    answer.json = R"({"accepted":true})";
    answer.accepted = true;
    backend_.next_answer = answer;
  }

  static RouterOptions WithSecret() {
    RouterOptions options = Options();
    options.github_webhook_secret = kSecret;
    return options;
  }
  static std::string Sign(const std::string& body) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), kSecret, sizeof(kSecret) - 1,
         reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest, &size);
    std::string text = "sha256=";
    char two[3];
    for (unsigned int i = 0; i < size; ++i) {
      std::snprintf(two, sizeof(two), "%02x", digest[i]);
      text += two;
    }
    return text;
  }
  // The status of the answer; 0 while there is none.
  int Deliver(const std::string& event, const std::string& body, const std::string& signature,
              const std::string& id = "d-1") {
    reply_.reset();
    Request request;
    request.method = "POST";
    request.target = "/webhooks/github";
    request.host = "sluice.example.org";  // As a proxy before the node has it.
    request.body = body;
    request.webhook_headers = {{"x-github-event", event}, {"x-hub-signature-256", signature}};
    if (!id.empty()) request.webhook_headers["x-github-delivery"] = id;
    hooked_.Handle(std::move(request), [this](Reply reply) { reply_ = std::move(reply); });
    return Status();
  }
  int Deliver(const std::string& event, const std::string& body) {
    return Deliver(event, body, Sign(body));
  }

  Router hooked_;
};

constexpr char kPullRequest[] = R"({"action":"labeled","number":42,"pull_request":{"number":42,
  "state":"open","merged":false,"mergeable":null,"merge_commit_sha":"t1","updated_at":"2026-11-21T10:00:00Z",
  "head":{"sha":"9fceb02"},"labels":[{"name":"sluice/qualified"},{"name":"bug"}]},
  "repository":{"full_name":"Acme/Shop"}})";

TEST_F(Webhook, APullRequestEventIsAnObservation) {
  EXPECT_EQ(Deliver("pull_request", kPullRequest), 200);
  ASSERT_EQ(backend_.submitted().size(), 1U);
  const Json command = Json::parse(backend_.submitted()[0]);
  EXPECT_EQ(command["id"], "d-1");
  EXPECT_EQ(command["entity"], "pullrequest/default/acme--shop--42");
  EXPECT_EQ(command["command"], "ObserveGitHub");
  EXPECT_EQ(command["payload"], Json::parse(R"({"labels":["sluice/qualified","bug"],"state":"open",
    "merged":false,"sha":"9fceb02","at":"2026-11-21T10:00:00Z"})"));
}

TEST_F(Webhook, ReviewsAndCheckSuitesAskForARead) {
  EXPECT_EQ(Deliver("pull_request_review",
                    R"({"pull_request":{"number":42},"repository":{"full_name":"acme/shop"}})"),
            200);
  EXPECT_EQ(Deliver("check_suite", R"({"check_suite":{"pull_requests":[{"number":42},{"number":7}]},
                    "repository":{"full_name":"acme/shop"}})"),
            200);
  ASSERT_EQ(backend_.submitted().size(), 2U);
  for (const std::string& text : backend_.submitted()) {
    EXPECT_EQ(Json::parse(text)["command"], "Refresh");
  }
}

// GitHub delivers once: where nobody can be found yet, it is told that the delivery failed.
TEST_F(Webhook, BeforeTheLogWasReadItIsUnavailable) {
  backend_.elsewhere = Backend::Elsewhere{.address = "", .why = "reads its log", .soon = true};
  EXPECT_EQ(Deliver("pull_request", kPullRequest), 503);
  EXPECT_EQ(Deliver("ping", R"({"zen":"Design for failure."})"), 202);
  backend_.elsewhere.reset();
  EXPECT_EQ(Deliver("pull_request", kPullRequest), 200);
}

TEST_F(Webhook, OthersAndUntrackedOnesAreAcknowledged) {
  EXPECT_EQ(Deliver("ping", R"({"zen":"Design for failure."})"), 202);
  EXPECT_EQ(Deliver("push", "not even JSON"), 202);
  EXPECT_EQ(Deliver("pull_request_review",
                    R"({"pull_request":{"number":43},"repository":{"full_name":"acme/shop"}})"),
            202);
  EXPECT_TRUE(backend_.submitted().empty());
}

TEST_F(Webhook, NothingIsParsedBeforeTheSignatureIsChecked) {
  EXPECT_EQ(Deliver("pull_request", kPullRequest, "sha256=" + std::string(64, '0')), 401);
  EXPECT_EQ(Deliver("pull_request", "{ broken", ""), 401);
  EXPECT_EQ(Deliver("pull_request", "{ broken"), 400);
  EXPECT_EQ(Deliver("pull_request", kPullRequest, Sign(kPullRequest), ""), 400);
  EXPECT_TRUE(backend_.submitted().empty());
}

TEST_F(Webhook, IsOffWithoutASecretAndTakesPostOnly) {
  Expect(404, "POST", "/webhooks/github", "{}");
  reply_.reset();
  Request request;
  request.method = "GET";
  request.target = "/webhooks/github";
  hooked_.Handle(std::move(request), [this](Reply reply) { reply_ = std::move(reply); });
  EXPECT_EQ(Status(), 405);
}

TEST_F(Webhook, IsAcknowledgedOnlyOnceItIsDurable) {
  backend_.keep_answers = true;
  EXPECT_EQ(Deliver("pull_request", kPullRequest), 0);
  CommandAnswer answer;
  answer.accepted = true;
  backend_.AnswerKept(answer);
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(Deliver("pull_request", kPullRequest), 0);
  timers_.FireAll();
  EXPECT_EQ(Status(), 504);
}

}  // namespace
}  // namespace sluice::service
