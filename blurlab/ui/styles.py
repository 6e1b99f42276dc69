"""How every page looks beyond Streamlit's own style, and what its browser is told, as HTML."""

# A script shows nothing, so its place in the column, gap included, is taken away.
# A popover that takes over 50 ms to open takes the click that opened it for one outside it, and
# closes, if that was on its arrow, which is drawn anew: so the button itself takes all clicks.
CLICKS = """<style>
[data-testid="stPopoverButton"] * { pointer-events: none; }
[data-testid="stElementContainer"]:has(> [data-testid="stHtml"] > script) { display: none; }
</style>"""
# Buttons that show an icon alone have words for who cannot see it, and no room for an arrow. On a
# phone they are them in one row.
ICONS = """<style>
:is([class*="_another"], [class*="_align"], [class*="_gallery"], .st-key-swap, .st-key-leave)
  button [data-testid="stMarkdownContainer"] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
[class*="_align"] [data-testid="stPopoverButton"] div[aria-hidden="true"] { display: none; }
@media (max-width: 640px) {
  [data-testid="stButtonGroup"] [role="radiogroup"] { flex-wrap: wrap; }
  [data-testid="stHorizontalBlock"]:not(:has([data-testid="stHorizontalBlock"])):has([class*="_align"])
    > [data-testid="stColumn"]:not(:first-child) { flex: 1 1 20%; min-width: 0; }
}
</style>"""
# Streamlit's grey for a figure's words is too weak to be read from afar, and bars lie across them.
FIGURES = """<style>
.js-plotly-plot :is(.infolayer, [class*="axislayer"]) text { fill: currentColor !important; }
.js-plotly-plot .annotation-text {
  paint-order: stroke; stroke: light-dark(#fff, #0e1117); stroke-width: 4px; stroke-linejoin: round;
}
</style>"""
# Streamlit's own button of this type has white on a colour that, on dark, is too light for it.
COLORS = """<style>
[data-testid="stBaseButton-primary"]:not(:disabled) { color: light-dark(#fff, #0e1117); }
</style>"""
# What a finger has to hit, but for what stands within a table's or a figure's corner.
TOUCH = """<style>
@media (pointer: coarse) {
  :is([data-testid^="stBaseButton"], [data-testid="stButtonGroup"] button, summary,
    [data-testid="stNumberInputContainer"] button, [data-testid="stExpandSidebarButton"],
    [data-testid="stSidebarNavLink"]):not([data-testid="stElementToolbar"] *) {
    min-width: 44px; min-height: 44px;
  }
}
</style>"""
# Streamlit adds an entry to the browser's history whenever a page's state is written into its
# address, so that Back would undo one address after another and no state with it. An entry of the
# same page is replaced instead, and Back leads to the page before.
ONE_ENTRY = """<script>
if (!history.blurlabPush) {
  history.blurlabPush = history.pushState;
  history.pushState = (state, title, address) => {
    const isHere = new URL(address, location.href).pathname === location.pathname;
    const write = isHere ? history.replaceState : history.blurlabPush;
    write.call(history, state, title, address);
  };
}
</script>"""
# By which a screen reader pronounces a page.
LANGUAGE = """<script>document.documentElement.lang = "{code}";</script>"""
# Streamlit leaves a tenth of a screen empty above a page. A header covers a part of it where the
# sidebar is folded away: up to a tablet's width, or when somebody asks for it.
STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding: 2.5rem 3rem 3rem; }
[data-testid="stAppViewContainer"]:has([data-testid="stExpandSidebarButton"])
  [data-testid="stMainBlockContainer"] { padding-top: 3.75rem; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding: 3.75rem 1rem 2rem; }
}
h1 { font-size: 1.75rem !important; padding: 0.2rem 0 !important; }
h2 { font-size: 1.4rem !important; }
h3 { font-size: 1.15rem !important; }
</style>"""
# Answers that are handed on alone show nothing, so their place in the column is taken away.
PRESENTER_STYLE = """<style>
[data-testid="stHeader"], [data-testid="stSidebar"], [data-testid="stSidebarCollapsedControl"],
[data-testid="stExpandSidebarButton"] { display: none; }
[data-testid="stMainBlockContainer"] { padding: 0.75rem 3.2rem 0.5rem 2rem; max-width: none; }
html { font-size: 20px; }
[data-testid="stLayoutWrapper"]:has(
  > [data-testid="stVerticalBlock"] > [class*="-answers"]:first-child
) { margin-top: -1rem; }
.st-key-leave { position: fixed; top: 0.2rem; right: 0.2rem; width: auto; z-index: 10; }
</style>"""
