// A part of a table that seldom changes, (boxed) in its schema: it lies outside of its holder,
// copies of the holder share it until one of them changes it, and its logical encoding is kept with
// it once somebody asked for it. It is read as if it were a member (`->`, `*`) and changed by
// Mutable alone, which takes it from those it is shared with and drops the encoding: an encoding
// that is out of date cannot be there.
//
// What Mutable returns is to be written at once: not after the box was copied, hashed or asked for
// Mutable again. Threads may read, copy and hash the same box, as they may a plain member.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace sluice {

// The bytes kept beside a box's value.
class KeptEncoding {
 public:
  KeptEncoding() = default;
  KeptEncoding(const KeptEncoding&) = delete;
  KeptEncoding& operator=(const KeptEncoding&) = delete;
  ~KeptEncoding() { Drop(); }

  // Empty: nothing is kept.
  std::string_view Bytes() const {
    const char* kept = kept_.load(std::memory_order_acquire);
    if (kept == nullptr) return {};
    uint32_t size = 0;
    std::memcpy(&size, kept, sizeof(size));
    return {kept + sizeof(size), size};
  }
  // Whoever is first keeps them; all would keep the same.
  void Keep(std::string_view bytes) const;
  // Only the one owner's.
  void Drop() {
    delete[] kept_.load(std::memory_order_relaxed);
    kept_.store(nullptr, std::memory_order_relaxed);
  }

 private:
  mutable std::atomic<const char*> kept_ = nullptr;
};

// What Boxed and BoxedOptional have in common.
template <class T>
class Box {
 public:
  Box() = default;
  Box(const Box& other) : content_(other.content_) { Retain(); }
  Box(Box&& other) noexcept : content_(std::exchange(other.content_, nullptr)) {}
  Box& operator=(Box other) noexcept {
    std::swap(content_, other.content_);
    return *this;
  }
  ~Box() { Release(); }

  // Whether it holds a value of its own.
  bool IsSet() const { return content_ != nullptr; }
  bool IsSharedWith(const Box& other) const { return content_ == other.content_; }
  std::string_view KeptBytes() const { return content_->encoding.Bytes(); }
  void Keep(std::string_view encoding) const { content_->encoding.Keep(encoding); }

  // A value to be filled, whatever it holds.
  T& Overwrite() {
    if (IsAlone()) {
      content_->encoding.Drop();
    } else {
      Box().Swap(*this);
      content_ = new Content;
    }
    return content_->value;
  }

 protected:
  T& Changed() {
    if (IsAlone()) {
      content_->encoding.Drop();
    } else if (content_ == nullptr) {
      content_ = new Content;
    } else {
      Box fresh;
      fresh.content_ = new Content(content_->value);
      Swap(fresh);
    }
    return content_->value;
  }
  template <class From>
  void Take(From&& value) {
    if (IsAlone()) {
      content_->encoding.Drop();
      content_->value = std::forward<From>(value);
    } else {
      Box fresh;
      fresh.content_ = new Content(std::forward<From>(value));
      Swap(fresh);
    }
  }
  void Clear() { Box().Swap(*this); }
  const T& Value() const { return content_->value; }

 private:
  struct Content {
    Content() = default;
    explicit Content(const T& from) : value(from) {}
    explicit Content(T&& from) : value(std::move(from)) {}

    std::atomic<uint32_t> references = 1;
    KeptEncoding encoding;
    T value;
  };

  bool IsAlone() const {
    return content_ != nullptr && content_->references.load(std::memory_order_acquire) == 1;
  }
  void Swap(Box& other) { std::swap(content_, other.content_); }
  void Retain() const {
    if (content_ != nullptr) content_->references.fetch_add(1, std::memory_order_relaxed);
  }
  void Release() {
    if (content_ == nullptr) return;
    // The last one need not tell the others.
    if (IsAlone() || content_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete content_;
    }
  }

  Content* content_ = nullptr;
};

// A (value) table: without a value of its own it is the default.
template <class T>
class Boxed : public Box<T> {
 public:
  Boxed() = default;
  Boxed(const T& value) { this->Take(value); }        // NOLINT: as a plain member is made
  Boxed(T&& value) { this->Take(std::move(value)); }  // NOLINT
  Boxed& operator=(const T& value) {
    this->Take(value);
    return *this;
  }
  Boxed& operator=(T&& value) {
    this->Take(std::move(value));
    return *this;
  }

  const T& operator*() const { return this->IsSet() ? this->Value() : Default(); }
  const T* operator->() const { return &**this; }
  operator const T&() const { return **this; }  // NOLINT: as a plain member is read
  T& Mutable() { return this->Changed(); }
  void Reset() { this->Clear(); }

  bool operator==(const Boxed& other) const {
    return this->IsSharedWith(other) || **this == *other;
  }
  bool operator==(const T& other) const { return **this == other; }

 private:
  static const T& Default() {
    static const T kDefault;
    return kDefault;
  }
};

// A table that may be absent.
template <class T>
class BoxedOptional : public Box<T> {
 public:
  BoxedOptional() = default;
  BoxedOptional(std::nullopt_t) {}                            // NOLINT: as std::optional
  BoxedOptional(const T& value) { this->Take(value); }        // NOLINT
  BoxedOptional(T&& value) { this->Take(std::move(value)); }  // NOLINT
  BoxedOptional& operator=(const T& value) {
    this->Take(value);
    return *this;
  }
  BoxedOptional& operator=(T&& value) {
    this->Take(std::move(value));
    return *this;
  }
  BoxedOptional& operator=(std::nullopt_t) {
    this->Clear();
    return *this;
  }

  bool has_value() const { return this->IsSet(); }
  explicit operator bool() const { return this->IsSet(); }
  const T& operator*() const { return this->Value(); }
  const T* operator->() const { return &this->Value(); }
  // There is one.
  T& Mutable() { return this->Changed(); }
  T& emplace() { return this->Overwrite() = T(); }
  void reset() { this->Clear(); }

  bool operator==(const BoxedOptional& other) const {
    return this->IsSharedWith(other) ||
           (this->IsSet() && other.IsSet() && this->Value() == other.Value());
  }
  bool operator==(const T& other) const { return this->IsSet() && this->Value() == other; }
};

template <class T>
bool IsDefault(const Boxed<T>& box) {
  return !box.IsSet() || IsDefault(*box);
}

}  // namespace sluice
