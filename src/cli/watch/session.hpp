#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/watch/study_feed.hpp"

namespace fmnist_tune::watch {

/// What all sessions share; outlives them.
struct Site {
  const StudyFeed& feed;
  std::string listening_host;
  std::function<std::string()> page;  ///< The HTML of this moment.
};

/// One connection: one request is answered, or events are sent until either side ends it. Runs in the thread of
/// its socket's executor.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(boost::asio::ip::tcp::socket socket, const Site& site);

  void start();
  /// The study changed: who listens is told.
  void update();
  /// Sends a line that says nothing, so that both sides notice when the other one is gone.
  void keep_alive();
  void close();

 private:
  using Request = boost::beast::http::request<boost::beast::http::empty_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  void answer(const Request& request);
  void respond(boost::beast::http::status status, std::string_view type, std::string body, bool with_body);
  void drain();
  void listen(std::string known_revision);
  void wait_for_end();
  void send(std::string text);

  boost::beast::tcp_stream stream_;
  const Site& site_;
  boost::beast::flat_buffer buffer_;
  boost::beast::http::request_parser<boost::beast::http::empty_body> parser_;
  Response response_;
  std::optional<std::string> told_;  ///< The revision that a listener knows.
  std::string sending_;              ///< Not empty while it is written.
  std::array<char, 1024> rest_{};    ///< What nobody reads.
};

}  // namespace fmnist_tune::watch
