// The text forms of Time (RFC 3339) and Duration (Go).
#include <fmt/core.h>

#include "events/basic_types.h"

namespace sluice {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kSecondsPerDay = 86'400;

struct CivilDate {
  int64_t year;
  int month;
  int day;
};

// Proleptic Gregorian calendar; algorithm: Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms" (days_from_civil, civil_from_days).
int64_t DaysFromCivil(const CivilDate& date) {
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t month_from_march = date.month > 2 ? date.month - 3 : date.month + 9;
  const int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

CivilDate CivilFromDays(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return {year, static_cast<int>(month), static_cast<int>(day)};
}

int DaysInMonth(int64_t year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// The last `digits` decimal digits of `value`.
void AppendDigits(std::string* text, uint64_t value, int digits) {
  const size_t end = text->size() + static_cast<size_t>(digits);
  text->resize(end);
  for (size_t at = end; digits > 0; --digits, value /= 10) {
    (*text)[--at] = static_cast<char>('0' + value % 10);
  }
}

// "" or "." and the digits of `micros` without the zeros at the end.
std::string Fraction(uint64_t micros) {
  if (micros == 0) return "";
  std::string text(".");
  AppendDigits(&text, micros, 6);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

// Takes characters off the front; every Take* says whether it found what it wants.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool AtEnd() const { return rest_.empty(); }
  bool NextIsDigit() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }

  bool TakePrefix(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }

  // Exactly `count` digits.
  bool TakeNumber(int count, int* value) {
    *value = 0;
    for (int i = 0; i < count; ++i) {
      if (!NextIsDigit()) return false;
      *value = *value * 10 + TakeDigit();
    }
    return true;
  }

  int TakeDigit() {
    const int digit = rest_[0] - '0';
    rest_.remove_prefix(1);
    return digit;
  }

 private:
  std::string_view rest_;
};

tl::unexpected<std::string> BadTime(std::string_view text) {
  return tl::unexpected<std::string>(fmt::format("'{}' is not an RFC 3339 time", text));
}

// Reads "Z" or "+hh:mm" into seconds east of UTC.
bool TakeOffset(Scanner* scanner, int64_t* offset_s) {
  *offset_s = 0;
  if (scanner->TakePrefix("Z") || scanner->TakePrefix("z")) return true;
  const bool east = scanner->TakePrefix("+");
  if (!east && !scanner->TakePrefix("-")) return false;
  int hours = 0;
  int minutes = 0;
  if (!scanner->TakeNumber(2, &hours) || !scanner->TakePrefix(":") ||
      !scanner->TakeNumber(2, &minutes) || hours > 23 || minutes > 59) {
    return false;
  }
  *offset_s = (east ? 1 : -1) * (hours * 3600 + minutes * 60);
  return true;
}

struct Unit {
  std::string_view name;
  __int128 nanos;
};

// Longer names before their prefixes: "ms" before "m".
constexpr Unit kUnits[] = {
    {"ns", 1},         {"us", 1'000},        {"\u00b5s", 1'000},    {"\u03bcs", 1'000},
    {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000},
};

const Unit* TakeUnit(Scanner* scanner) {
  for (const Unit& unit : kUnits) {
    if (scanner->TakePrefix(unit.name)) return &unit;
  }
  return nullptr;
}

}  // namespace

std::string FormatTime(Time time) {
  int64_t seconds = time.us / kMicrosPerSecond;
  int64_t micros = time.us % kMicrosPerSecond;
  if (micros < 0) {
    micros += kMicrosPerSecond;
    --seconds;
  }
  int64_t days = seconds / kSecondsPerDay;
  int64_t second_of_day = seconds % kSecondsPerDay;
  if (second_of_day < 0) {
    second_of_day += kSecondsPerDay;
    --days;
  }
  const CivilDate date = CivilFromDays(days);
  // Every object that is listed has a dozen of them; fmt took a tenth of a list's time.
  std::string text;
  text.reserve(sizeof("2026-01-01T00:00:00.000000Z"));
  if (date.year >= 0 && date.year <= 9999) {
    AppendDigits(&text, static_cast<uint64_t>(date.year), 4);
  } else {
    text = fmt::format("{:04}", date.year);
  }
  const auto append = [&text](char before, int64_t value) {
    text.push_back(before);
    AppendDigits(&text, static_cast<uint64_t>(value), 2);
  };
  append('-', date.month);
  append('-', date.day);
  append('T', second_of_day / 3600);
  append(':', second_of_day / 60 % 60);
  append(':', second_of_day % 60);
  text += Fraction(static_cast<uint64_t>(micros));
  text.push_back('Z');
  return text;
}

tl::expected<Time, std::string> ParseTime(std::string_view text) {
  Scanner scanner(text);
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  const bool date_and_time =
      scanner.TakeNumber(4, &year) && scanner.TakePrefix("-") && scanner.TakeNumber(2, &month) &&
      scanner.TakePrefix("-") && scanner.TakeNumber(2, &day) &&
      (scanner.TakePrefix("T") || scanner.TakePrefix("t")) && scanner.TakeNumber(2, &hour) &&
      scanner.TakePrefix(":") && scanner.TakeNumber(2, &minute) && scanner.TakePrefix(":") &&
      scanner.TakeNumber(2, &second);
  if (!date_and_time) return BadTime(text);
  int64_t micros = 0;
  if (scanner.TakePrefix(".")) {
    if (!scanner.NextIsDigit()) return BadTime(text);
    for (int64_t unit = 100'000; scanner.NextIsDigit(); unit /= 10) {
      micros += unit * scanner.TakeDigit();
    }
  }
  int64_t offset_s = 0;
  if (!TakeOffset(&scanner, &offset_s) || !scanner.AtEnd()) return BadTime(text);
  if (month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month) || hour > 23 ||
      minute > 59 || second > 60) {
    return BadTime(text);
  }
  const int64_t seconds = DaysFromCivil({year, month, day}) * kSecondsPerDay + hour * 3600 +
                          minute * 60 + second - offset_s;
  return Time{seconds * kMicrosPerSecond + micros};
}

std::string FormatDuration(Duration duration) {
  if (duration.us == 0) return "0s";
  const bool negative = duration.us < 0;
  // Unsigned, so that the most negative value has its opposite.
  const uint64_t us = negative ? uint64_t{0} - static_cast<uint64_t>(duration.us)
                               : static_cast<uint64_t>(duration.us);
  const std::string sign = negative ? "-" : "";
  if (us < 1'000) return fmt::format("{}{}\u00b5s", sign, us);
  if (us < 1'000'000) {
    return fmt::format("{}{}{}ms", sign, us / 1'000, Fraction(us % 1'000 * 1'000));
  }
  const uint64_t seconds = us / 1'000'000;
  const std::string tail = fmt::format("{}{}s", seconds % 60, Fraction(us % 1'000'000));
  if (seconds < 60) return sign + tail;
  if (seconds < 3600) return fmt::format("{}{}m{}", sign, seconds / 60, tail);
  return fmt::format("{}{}h{}m{}", sign, seconds / 3600, seconds / 60 % 60, tail);
}

tl::expected<Duration, std::string> ParseDuration(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return tl::unexpected<std::string>(fmt::format("'{}' {}", text, why));
  };
  constexpr std::string_view kNotOne = "is not a duration such as 1h30m, 1.5s or 200ms";
  constexpr std::string_view kTooLong = "is out of range";
  constexpr __int128 kLimit = __int128{INT64_MAX} * 1'000 + 1'000;

  Scanner scanner(text);
  const bool negative = scanner.TakePrefix("-");
  if (!negative) scanner.TakePrefix("+");
  __int128 total_ns = 0;
  bool any = false;
  while (!scanner.AtEnd()) {
    __int128 whole = 0;
    __int128 fraction = 0;  // Over `scale`.
    __int128 scale = 1;
    bool digits = false;
    while (scanner.NextIsDigit()) {
      whole = whole * 10 + scanner.TakeDigit();
      digits = true;
      if (whole > kLimit) return bad(kTooLong);
    }
    if (scanner.TakePrefix(".")) {
      while (scanner.NextIsDigit()) {
        const int digit = scanner.TakeDigit();
        digits = true;
        if (scale < 1'000'000'000'000) {
          fraction = fraction * 10 + digit;
          scale *= 10;
        }
      }
    }
    const Unit* unit = digits ? TakeUnit(&scanner) : nullptr;
    if (unit == nullptr) {
      if (digits && !any && whole == 0 && fraction == 0 && scanner.AtEnd())
        return Duration{};  // Go accepts "0".
      return bad(kNotOne);
    }
    total_ns += whole * unit->nanos + fraction * unit->nanos / scale;
    any = true;
    if (total_ns > kLimit) return bad(kTooLong);
  }
  if (!any) return bad(kNotOne);
  if (total_ns % 1'000 != 0) return bad("is finer than a microsecond");
  const __int128 us = negative ? -(total_ns / 1'000) : total_ns / 1'000;
  if (us > INT64_MAX || us < INT64_MIN) return bad(kTooLong);
  return Duration{static_cast<int64_t>(us)};
}

}  // namespace sluice
