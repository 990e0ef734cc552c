#include "machines/network/allocator/prefix.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace sluice {
namespace {

std::string Canonical(const std::string& text) {
  const auto prefix = Prefix::Parse(text);
  return prefix ? prefix->ToString() : "error: " + prefix.error();
}

TEST(Prefix, FormatsIPv6AsRfc5952Says) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"::/0", "::/0"},
      {"::1/128", "::1/128"},
      {"FD00:0:0:0::/48", "fd00::/48"},
      {"2001:db8:0:1:1:1:1:1/128", "2001:db8:0:1:1:1:1:1/128"},
      {"2001:0:0:1:0:0:0:1/128", "2001:0:0:1::1/128"},
      {"2001:db8:0:0:1:0:0:1/128", "2001:db8::1:0:0:1/128"},
      {"2001:db8:0001::/64", "2001:db8:1::/64"},
      {"1:0:0:2::/64", "1:0:0:2::/64"},
      {"::ffff:10.0.0.1/128", "::ffff:10.0.0.1/128"},
      {"1:2:3:4:5:6:7:0/128", "1:2:3:4:5:6:7:0/128"},
  };
  for (const auto& [text, canonical] : cases) EXPECT_EQ(Canonical(text), canonical) << text;
}

TEST(Prefix, FormatsIPv4) {
  EXPECT_EQ(Canonical("10.128.0.0/9"), "10.128.0.0/9");
  EXPECT_EQ(Canonical("0.0.0.0/0"), "0.0.0.0/0");
  EXPECT_EQ(Canonical("255.255.255.255/32"), "255.255.255.255/32");
}

TEST(Prefix, RefusesBadText) {
  for (const std::string text :
       {"", "10.0.0.0", "10.0.0/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08",
        "10.0.0.0/8 ", "010.0.0.0/8", "::/129", ":::/1", "fd00::g/64", "a/8", "1.2.3.4.5/8"}) {
    EXPECT_FALSE(Prefix::Parse(text)) << text;
  }
  EXPECT_EQ(Canonical("10.1.0.0/8"),
            "error: '10.1.0.0/8' has bits set behind its length; did you mean 10.0.0.0/8");
}

TEST(Prefix, ContainsAndOverlapsWithinAFamily) {
  const Prefix wide = *Prefix::Parse("10.0.0.0/8");
  const Prefix narrow = *Prefix::Parse("10.5.0.0/16");
  const Prefix beside = *Prefix::Parse("11.0.0.0/16");
  EXPECT_TRUE(wide.Contains(narrow));
  EXPECT_TRUE(wide.Contains(wide));
  EXPECT_FALSE(narrow.Contains(wide));
  EXPECT_TRUE(narrow.Overlaps(wide));
  EXPECT_FALSE(wide.Overlaps(beside));
  EXPECT_FALSE(Prefix::All(Family::kIPv4).Overlaps(Prefix::All(Family::kIPv6)));
  EXPECT_EQ(CommonPrefix(narrow, beside).ToString(), "10.0.0.0/7");
  EXPECT_EQ(CommonPrefix(narrow, narrow), narrow);
}

TEST(Prefix, FindsAddressesInside) {
  const Prefix block = *Prefix::Parse("10.0.1.0/24");
  EXPECT_EQ(block.FirstAddress().AddressToString(), "10.0.1.0");
  EXPECT_EQ(block.LastAddress().ToString(), "10.0.1.255/32");
  EXPECT_EQ(block.AddressAt(1)->AddressToString(), "10.0.1.1");
  EXPECT_EQ(block.AddressAt(255)->AddressToString(), "10.0.1.255");
  EXPECT_FALSE(block.AddressAt(256));
  const Prefix long_block = *Prefix::Parse("fd00::/64");
  EXPECT_EQ(long_block.AddressAt(1)->AddressToString(), "fd00::1");
  EXPECT_EQ(long_block.LastAddress().AddressToString(), "fd00::ffff:ffff:ffff:ffff");
  EXPECT_TRUE(long_block.AddressAt(1)->IsAddress());
}

TEST(Prefix, HalvesAndBuddies) {
  const Prefix block = *Prefix::Parse("10.0.0.0/8");
  EXPECT_EQ(block.Half(false).ToString(), "10.0.0.0/9");
  EXPECT_EQ(block.Half(true).ToString(), "10.128.0.0/9");
  EXPECT_EQ(block.Half(true).BuddyAt(9), block.Half(false));
  EXPECT_EQ(block.First(24).ToString(), "10.0.0.0/24");
}

}  // namespace
}  // namespace sluice
