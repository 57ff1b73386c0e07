#include "cli/report/assets.hpp"

#include <array>

#include "tune/error.hpp"

// The assembler reads the files: compilers take long over literals of megabytes.
#define EMBED(name, path)                                                                                    \
  asm(".pushsection .rodata\n" #name "_begin: .incbin \"" path "\"\n" #name "_end: .byte 0\n.popsection\n"); \
  extern const char name##_begin[] asm(#name "_begin");                                                      \
  extern const char name##_end[] asm(#name "_end");

#define EMBED_PAGE(name, file) EMBED(fmnist_tune_report_##name, FMNIST_TUNE_PAGE_DIR "/" file)

extern "C" {
EMBED_PAGE(html, "page.html")
EMBED_PAGE(css, "page.css")
EMBED_PAGE(text, "text.js")
EMBED_PAGE(data, "data.js")
EMBED_PAGE(theme, "theme.js")
EMBED_PAGE(cards, "cards.js")
EMBED_PAGE(selection, "selection.js")
EMBED_PAGE(progress_plots, "progress_plots.js")
EMBED_PAGE(parameter_plots, "parameter_plots.js")
EMBED_PAGE(contour_plot, "contour_plot.js")
EMBED_PAGE(front_plot, "front_plot.js")
EMBED_PAGE(curve_plots, "curve_plots.js")
EMBED_PAGE(trial_filter, "trial_filter.js")
EMBED_PAGE(trial_dialog, "trial_dialog.js")
EMBED_PAGE(trial_table, "trial_table.js")
EMBED_PAGE(overview, "overview.js")
EMBED_PAGE(live, "live.js")
EMBED_PAGE(main, "main.js")
EMBED(fmnist_tune_report_plotly, FMNIST_TUNE_PLOTLY)
}

namespace fmnist_tune::report {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

#define ASSET(name) between(fmnist_tune_report_##name##_begin, fmnist_tune_report_##name##_end)

std::string_view page_html() {
  return ASSET(html);
}

std::string_view page_css() {
  return ASSET(css);
}

std::span<const std::string_view> page_scripts() {
  static const std::array kScripts = {ASSET(text),
                                      ASSET(data),
                                      ASSET(theme),
                                      ASSET(cards),
                                      ASSET(selection),
                                      ASSET(progress_plots),
                                      ASSET(parameter_plots),
                                      ASSET(contour_plot),
                                      ASSET(front_plot),
                                      ASSET(curve_plots),
                                      ASSET(trial_filter),
                                      ASSET(trial_dialog),
                                      ASSET(trial_table),
                                      ASSET(overview),
                                      ASSET(live),
                                      ASSET(main)};
  return kScripts;
}

std::string_view plotly_script() {
  const std::string_view script = ASSET(plotly);
  if (script.empty()) {
    throw tune::Error(
        "this program was built without Plotly, which draws the plots; run tools/setup and build it again");
  }
  return script;
}

}  // namespace fmnist_tune::report
