"""Compare: do models that go by lower frequencies withstand more?"""

import streamlit as st

from blurlab.ui import link, shell, show
from blurlab.ui.compare import report

PARAMETERS = report.PARAMETERS

shell.begin(
    "Compare",
    PARAMETERS,
    "Each model is one point. **Does a model that goes by lower frequencies withstand more "
    "corruption**, and does it take a larger change to fool one whose weak spots are coarse?",
)
state = st.session_state
if not state["present"]:
    data, band, paper = st.columns([2, 4, 2], vertical_alignment="bottom")
    show.one_of(data, "Models and pictures of", report.DATA, "compared")
    show.one_of(band, "Corruptions", report.CLASSES, "band")
    paper.toggle("The paper's points", state["paper"], key="paper")

rows = report.kept(state["compared"])
link.write(shell.SHARED | PARAMETERS)
if not rows:
    st.info(
        "Nothing is measured of these models yet: *Spectral sensitivity* measures them, or "
        "`python -m blurlab measure`."
    )
    st.stop()

left, right = st.columns(2, gap="large")
with left:
    st.markdown("##### Frequencies and corruptions")
    points = report.reversal_points(rows, state["band"])
    figure = report.reversal_figure(points, state["band"], with_paper=state["paper"])
    shell.chart(figure, "reversal_figure")
    if words := report.correlated(points):
        st.markdown(words)
with right:
    st.markdown("##### Frequencies and attacks")
    points = report.attack_points(rows)
    figure = report.attack_figure(points, with_paper=state["paper"])
    shell.chart(figure, "attack_figure")
    if words := report.correlated(points, logarithmic=True):
        st.markdown(words)
if not state["present"]:
    st.caption(
        "Grey: Li et al. (2023), read from their figures (to 0.01 in frequency), bars where one "
        "symbol stands for several models. Compare directions, not heights. Theirs are large "
        "networks on CIFAR-10 and ImageNet, with the published corrupted sets and, per picture, "
        "the better of 100 PGD radii and Brendel-Bethge; ours are small networks of 128 or 32 "
        "pixels, corrupted as ImageNet-C and CIFAR-10-C are, and FMN finds the smallest change. "
        "Both attacks are targeted. "
        "A handful of models shows no law: over 48 ResNet-50s no single frequency bias predicts "
        "generalization (Gavrikov & Keuper, CVPR 2024)."
    )
    if held := report.claimed(state["compared"]):
        st.markdown("##### What Li et al. (2023) claim, and what these networks say")
        st.table(held, hide_index=True)
        st.caption(
            "The plain network and that trained behind a blur of 2 pixels. A claim holds where the "
            "whole 95 % interval lies on its side, and is open where the interval holds no effect "
            "too. Two networks agree with (b) or not; a correlation takes four recipes, each of "
            "which counts once, by the mean of its seeds."
        )
        st.markdown("##### All numbers")
    pinned = {"network": st.column_config.TextColumn(pinned=True)}
    st.dataframe(report.table(rows), hide_index=True, column_config=pinned)
    st.caption("Brackets and bars are 95 % intervals over pictures, for one network each.")
    st.download_button(
        "Numbers (CSV)", lambda: report.as_csv(rows), "compare.csv", on_click="ignore"
    )
