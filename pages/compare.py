"""Compare: do networks that rely on coarser structure withstand more?"""

import streamlit as st

from blurlab.ui import files, link, shell, written
from blurlab.ui.compare import controls, figure, groups, report
from blurlab.ui.languages import say

PARAMETERS = controls.parameters()

shell.begin(
    "Compare",
    PARAMETERS,
    "Each point is a network. **Does one that relies on coarser structure, further left, withstand "
    "more?**",
)
state = st.session_state
places = st.columns([3, 4, 4, 4], vertical_alignment="bottom", gap="xsmall")
data = controls.pictures(places[0])
rows = report.kept(data)
across, up = report.axes(rows)
if not across or not up:
    st.info(
        say(
            "Nothing is measured of these networks on these pictures yet: *Spectral sensitivity* "
            "measures them, or `python -m blurlab measure`."
        )
    )
    link.write(shell.SHARED | PARAMETERS)
    st.stop()

x = controls.axis(places[1], say("Across: the structure it relies on"), across, "across")
y = controls.axis(places[2], say("Up: what it withstands"), up, "up")
title, under = y, None
if y == report.ONE:
    under = controls.corruption()
    rows, title = report.under(rows, *under), controls.named(*under)
theirs = figure.papers(data, x, y, report.unit_of(rows, x))
theirs = controls.behind(places[3], data, theirs)
is_averaged = controls.averaged(places[3])
link.write(shell.SHARED | PARAMETERS)

is_told = state["present"] and state["story"]  # which says one in its place
if not is_told and (words := report.sentence(data)):
    st.markdown(words)
ours = figure.points(rows, x, y)
if ours:
    about = report.protocol_of(rows, [point.name for point in ours], x, y, title, data)
    if is_averaged:
        theirs = [*groups.means(ours), *theirs]
    scales = figure.scales([*ours, *theirs], x, title, report.unit_of(rows, y))
    drawn = figure.figure(ours, theirs, *scales)
    shell.chart(drawn, "compare_figure", about, presented=figure.PRESENTED)
    st.html(figure.key([*ours, *theirs]))
else:
    st.info(say("No network has both of these numbers: choose another one."))
if names := report.missing(rows):
    st.caption(say("Not measured on these pictures yet: {names}.", names=", ".join(names)))

if not state["present"]:
    if held := report.claimed(data):
        with st.expander(say("What the paper claims, and what these networks say")):
            st.table(held, hide_index=True)
            explained = say(
                "The plain network and one trained behind a blur, on the same pictures; where "
                "there are several seeds of both, the interval is over seeds and pictures. A claim "
                "holds where the whole 95 % interval lies on its side, and is open where the "
                "interval holds no effect too. A correlation is over families of networks, each by "
                "its mean, and takes four."
            )
            st.caption(f"{explained} {report.counted(data)}")
    with st.expander(say("All numbers")):
        pinned = {"network": st.column_config.TextColumn(say("network"), pinned=True)}
        st.dataframe(report.table(rows), hide_index=True, column_config=pinned)
        st.download_button(
            say("Numbers (CSV)"),
            lambda: report.as_csv(rows, data),
            "compare.csv",
            on_click="ignore",
        )
        if told := report.chosen(data):
            st.download_button(
                say("Report on {count} of them (HTML)", count=len(told)),
                lambda: written.report(told, data),
                "blurlab.html", on_click="ignore",
            )  # fmt: skip
    files.code(
        st.expander(say(files.CODE)), report.script(rows, data, under), report.command(rows, data)
    )
    with st.expander(say("How to read the figure")):
        if ours and (words := groups.correlated(ours, scales[1])):
            st.markdown(words)
        st.markdown(
            say(
                "Bars and brackets are 95 % intervals over pictures, for one network each. Stars "
                "are networks of your own. A handful of networks shows no law: over 48 ResNet-50s "
                "no single frequency bias predicts generalization (Gavrikov & Keuper, CVPR 2024), "
                "and networks biased towards low frequencies directly gain little of the "
                "robustness of those aligned with the visual cortex (arXiv 2605.04443)."
            )
        )
        st.markdown(
            say(
                "The paper's points, in grey, are read from the figures of Li et al. (2023), to "
                "0.01 in frequency; bars stand for several of its networks. Compare directions, "
                "not heights."
            )
            + " "
            + say(
                "Theirs are large networks on CIFAR-10 and ImageNet, with the published corrupted "
                "sets and, per picture, the better of 100 PGD radii and Brendel-Bethge. A mark at "
                "the foot is one of which the paper has no such number."
            )
            + " "
            + say(
                "Most of ours are small networks of 128 or 32 pixels, corrupted as ImageNet-C and "
                "CIFAR-10-C are, and FMN finds the smallest change. Both attacks are targeted."
            )
        )
