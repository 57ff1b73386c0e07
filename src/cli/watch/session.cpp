#include "cli/watch/session.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <utility>

#include "cli/watch/host_rules.hpp"

namespace fmnist_tune::watch {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

/// For a request to arrive, and for a slow reader to take what was sent.
constexpr std::chrono::seconds kPatience{30};
constexpr std::uint32_t kLongestHeader = 16 * 1024;

constexpr std::string_view kEventsHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n\r\n"
    "retry: 2000\n\n";

std::string_view text_of(beast::string_view text) {
  return {text.data(), text.size()};
}

/// What the request knows already: browsers name the last event when they connect again.
std::string known_revision(const http::request<http::empty_body>& request) {
  if (const auto last = request.find("Last-Event-ID"); last != request.end())
    return std::string(text_of(last->value()));
  const std::string_view target = text_of(request.target());
  constexpr std::string_view kSince = "since=";
  const std::size_t at = target.find(kSince);
  return at == std::string_view::npos ? "" : std::string(target.substr(at + kSince.size()));
}

}  // namespace

Session::Session(asio::ip::tcp::socket socket, const Site& site) : stream_(std::move(socket)), site_(site) {
  parser_.header_limit(kLongestHeader);
}

void Session::start() {
  stream_.expires_after(kPatience);
  http::async_read_header(stream_, buffer_, parser_,
                          [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                            if (!error) return self->answer(self->parser_.get());
                            if (error == http::error::header_limit || error == http::error::buffer_overflow)
                              return self->respond(http::status::request_header_fields_too_large, "text/plain",
                                                   "the request is too long\n", true);
                            self->close();
                          });
}

void Session::answer(const Request& request) {
  constexpr std::string_view kText = "text/plain";
  const bool is_head = request.method() == http::verb::head;
  if (!is_own_host(text_of(request[http::field::host]), site_.listening_host))
    return respond(http::status::forbidden, kText, "this host name is not served here\n", !is_head);
  if (request.method() != http::verb::get && !is_head)
    return respond(http::status::method_not_allowed, kText, "nothing can be changed here\n", true);
  const std::string_view target = text_of(request.target());
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/") return respond(http::status::ok, "text/html; charset=utf-8", site_.page(), !is_head);
  if (path == "/events" && !is_head) return listen(known_revision(request));
  respond(http::status::not_found, kText, "there is nothing here but /\n", !is_head);
}

void Session::respond(http::status status, std::string_view type, std::string body, bool with_body) {
  response_.result(status);
  response_.version(11);
  response_.keep_alive(false);
  const auto set = [this](const char* name, std::string_view value) {
    response_.set(name, beast::string_view(value.data(), value.size()));
  };
  set("Content-Type", type);
  set("Cache-Control", "no-store");
  set("X-Content-Type-Options", "nosniff");
  set("X-Frame-Options", "DENY");
  set("Cross-Origin-Resource-Policy", "same-origin");
  if (status == http::status::method_not_allowed) set("Allow", "GET, HEAD");
  response_.content_length(body.size());
  if (with_body) response_.body() = std::move(body);
  stream_.expires_after(kPatience);
  http::async_write(stream_, response_,
                    [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                      if (error) return self->close();
                      beast::error_code ignored;
                      self->stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
                      self->drain();
                    });
}

/// Closing with bytes unread would reset the connection, and the answer might be lost with it.
void Session::drain() {
  stream_.async_read_some(asio::buffer(rest_),
                          [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                            error ? self->close() : self->drain();
                          });
}

void Session::listen(std::string known_revision) {
  told_ = std::move(known_revision);
  stream_.expires_never();
  wait_for_end();
  send(std::string(kEventsHead));
}

/// A listener says nothing more; reading tells when it is gone.
void Session::wait_for_end() {
  buffer_.clear();
  stream_.socket().async_wait(asio::ip::tcp::socket::wait_read,
                              [self = shared_from_this()](const beast::error_code&) { self->close(); });
}

void Session::send(std::string text) {
  sending_ = std::move(text);
  stream_.expires_after(kPatience);
  asio::async_write(stream_, asio::buffer(sending_),
                    [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                      self->sending_.clear();
                      if (error) return self->close();
                      self->stream_.expires_never();
                      self->update();
                    });
}

void Session::update() {
  // A slow reader gets all that happened meanwhile at once.
  if (!told_ || !sending_.empty()) return;
  std::string text = site_.feed.event_since(*told_);
  if (text.empty()) return;
  told_ = site_.feed.revision();
  send(std::move(text));
}

void Session::keep_alive() {
  if (told_ && sending_.empty()) send(":\n\n");
}

void Session::close() {
  told_.reset();
  beast::error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.close();
}

}  // namespace fmnist_tune::watch
