#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "service/http_connection_adapter.h"
#include "service/wire_adapter.h"

namespace sluice::service {

namespace asio = boost::asio;

void HttpConnection::StartStream() {
  ++counters_.streams_open;
  waker_ = body_stream_->waker();
  if (waker_ != nullptr) {
    const std::weak_ptr<HttpConnection> weak = Self();
    waker_->Listen([weak] {
      const auto self = weak.lock();
      // One post at a time: a busy node wakes far more often than a watcher can look.
      if (self == nullptr || self->woken_.exchange(true)) return;
      asio::post(self->loop_->context, [weak] {
        const auto waiting = weak.lock();
        if (waiting == nullptr) return;
        waiting->woken_ = false;
        waiting->Pump();
      });
    });
  }
  // Reads only to notice that the client has gone; each write then sets its own deadline.
  stream_.expires_never();
  drained_bytes_ = 0;
  Drain();
  pending_.clear();
  WriteStream();
}

void HttpConnection::Pump() {
  if (closed_ || writing_ || body_stream_ == nullptr) return;
  if (ending_) return FinishStream();
  Stream::Chunk chunk = body_stream_->Next();
  last_ = chunk.end;
  if (!chunk.bytes.empty() || last_) return WriteChunk(std::move(chunk.bytes));
  if (chunk.ask_again.count() == 0) return;
  timer_.expires_after(chunk.ask_again);
  timer_.async_wait([self = Self()](const ErrorCode& error) {
    if (!error) self->Pump();
  });
}

void HttpConnection::FinishStream() {
  last_ = true;
  WriteChunk(body_stream_->Farewell());
}

void HttpConnection::WriteChunk(std::string bytes) {
  pending_ = http11_ ? ChunkText(bytes, last_) : std::move(bytes);
  WriteStream();
}

void HttpConnection::WriteStream() {
  writing_ = true;
  stream_.expires_after(shared_->options.write_timeout);
  const std::array<asio::const_buffer, 2> parts{asio::buffer(head_), asio::buffer(pending_)};
  asio::async_write(stream_, parts, Then(&HttpConnection::OnStreamWritten));
}

void HttpConnection::OnStreamWritten(const ErrorCode& error) {
  writing_ = false;
  if (error) return Close();
  head_.clear();
  if (!last_) return Pump();
  EndStream();
  draining_ = true;
  if (ending_) return Close();
  ErrorCode ignored;
  stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
  // The pending read sees the client close; one that does not is not waited for.
  timer_.expires_after(kDrainTimeout);
  timer_.async_wait([self = Self()](const ErrorCode& cancelled) {
    if (!cancelled) self->Close();
  });
}

void HttpConnection::EndStream() {
  if (body_stream_ == nullptr) return;
  --counters_.streams_open;
  if (waker_ != nullptr) waker_->Listen(nullptr);
  body_stream_.reset();
}

}  // namespace sluice::service
