#include "machines/pullrequest/path_pattern.h"

#include <algorithm>
#include <array>
#include <vector>

namespace sluice {
namespace {

constexpr std::array<std::string_view, 3> kCaptures = {"component", "environment", "cluster"};
constexpr size_t kPatternBytesMax = 512;

struct Token {
  enum class Kind : uint8_t { kLiteral, kOne, kAny, kCapture, kSegments };
  Kind kind = Kind::kLiteral;
  char literal = 0;
  std::string_view name{};
};

// `**` with the slash behind it (or before it, at the end) is one token: no segment at all counts.
std::vector<Token> Tokenize(std::string_view pattern) {
  std::vector<Token> tokens;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (pattern.substr(i).starts_with("**")) {
      tokens.push_back({.kind = Token::Kind::kSegments});
      ++i;
      if (i + 1 < pattern.size() && pattern[i + 1] == '/') ++i;
    } else if (c == '*') {
      tokens.push_back({.kind = Token::Kind::kAny});
    } else if (c == '?') {
      tokens.push_back({.kind = Token::Kind::kOne});
    } else if (c == '{') {
      const size_t end = pattern.find('}', i);
      tokens.push_back({.kind = Token::Kind::kCapture, .name = pattern.substr(i + 1, end - i - 1)});
      i = end;
    } else {
      tokens.push_back({.kind = Token::Kind::kLiteral, .literal = c});
    }
  }
  return tokens;
}

// Whether tokens from t on match the path from p on: filled from the back, so it is linear in the
// table's size.
class Matcher {
 public:
  Matcher(const std::vector<Token>& tokens, std::string_view path)
      : tokens_(tokens), path_(path), matches_((tokens.size() + 1) * (path.size() + 1), false) {
    At(tokens.size(), path.size()) = true;
    for (size_t t = tokens.size(); t-- > 0;) {
      for (size_t p = path.size() + 1; p-- > 0;) At(t, p) = Fits(t, p);
    }
  }

  std::optional<PathCaptures> Captures() {
    if (!At(0, 0)) return std::nullopt;
    PathCaptures captures;
    size_t p = 0;
    for (size_t t = 0; t < tokens_.size(); ++t) {
      const size_t from = p;
      while (!Ends(t, from, p)) ++p;
      if (tokens_[t].kind == Token::Kind::kCapture) {
        captures.emplace(tokens_[t].name, path_.substr(from, p - from));
      }
    }
    return captures;
  }

 private:
  std::vector<bool>::reference At(size_t t, size_t p) {
    return matches_[t * (path_.size() + 1) + p];
  }
  bool InSegment(size_t p) const { return p < path_.size() && path_[p] != '/'; }
  bool AtSegment(size_t p) const { return p == 0 || path_[p - 1] == '/'; }

  bool Fits(size_t t, size_t p) {
    switch (tokens_[t].kind) {
      case Token::Kind::kLiteral:
        return p < path_.size() && path_[p] == tokens_[t].literal && At(t + 1, p + 1);
      case Token::Kind::kOne:
        return InSegment(p) && At(t + 1, p + 1);
      case Token::Kind::kAny:
        return At(t + 1, p) || (InSegment(p) && At(t, p + 1));
      case Token::Kind::kCapture:
        return InSegment(p) && (At(t + 1, p + 1) || At(t, p + 1));
      case Token::Kind::kSegments:
        // At its end a pattern takes whole what is left; elsewhere it goes on where a segment
        // begins.
        if (t + 1 == tokens_.size()) return AtSegment(p) && p < path_.size();
        return (AtSegment(p) && At(t + 1, p)) || (p < path_.size() && At(t, p + 1));
    }
    return false;
  }

  // Whether token t may take [from, to) so that the rest still matches.
  bool Ends(size_t t, size_t from, size_t to) {
    switch (tokens_[t].kind) {
      case Token::Kind::kLiteral:
      case Token::Kind::kOne:
        return to == from + 1;
      case Token::Kind::kAny:
        return At(t + 1, to);
      case Token::Kind::kCapture:
        return to > from && At(t + 1, to);
      case Token::Kind::kSegments:
        return t + 1 == tokens_.size() ? to == path_.size() : AtSegment(to) && At(t + 1, to);
    }
    return true;
  }

  const std::vector<Token>& tokens_;
  const std::string_view path_;
  std::vector<bool> matches_;
};

std::optional<std::string> CaptureFault(std::string_view pattern) {
  std::vector<std::string_view> seen;
  for (size_t at = pattern.find_first_of("{}"); at != pattern.npos;
       at = pattern.find_first_of("{}", at)) {
    const size_t end = pattern.find('}', at);
    if (pattern[at] == '}' || end == pattern.npos) return "has a brace without its other one";
    const std::string_view name = pattern.substr(at + 1, end - at - 1);
    if (std::find(kCaptures.begin(), kCaptures.end(), name) == kCaptures.end()) {
      return "captures '" + std::string(name) +
             "'; it can be {component}, {environment} or {cluster}";
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return "captures '" + std::string(name) + "' twice";
    }
    seen.push_back(name);
    at = end + 1;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> PathPatternFault(std::string_view pattern) {
  if (pattern.empty()) return "is empty";
  if (pattern.size() > kPatternBytesMax) return "is longer than 512 characters";
  if (pattern.front() == '/' || pattern.back() == '/') {
    return "begins or ends with '/'; paths are relative to the repository, 'dir/**' is all in dir";
  }
  if (pattern.find("//") != pattern.npos) return "has an empty segment";
  for (size_t at = pattern.find("**"); at != pattern.npos; at = pattern.find("**", at + 2)) {
    const bool begins = at == 0 || pattern[at - 1] == '/';
    const bool ends = at + 2 == pattern.size() || pattern[at + 2] == '/';
    if (!begins || !ends) return "has '**' beside other characters; it stands for whole segments";
  }
  return CaptureFault(pattern);
}

std::optional<PathCaptures> MatchPath(std::string_view pattern, std::string_view path) {
  const std::vector<Token> tokens = Tokenize(pattern);
  return Matcher(tokens, path).Captures();
}

}  // namespace sluice
