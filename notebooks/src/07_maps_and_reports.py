# %% [markdown]
# # 07 给领导看的地图与报告
#
# 由一次核算生成：盟市 Word 报告、网页摘要、断网可用的互动地图、静态图。数据是示范数据，每份成果都会注明。
#
# *League reports in Word, a web summary, an interactive map for a machine without internet, and static maps, all from one run.*

# %%
from pathlib import Path

import pandas as pd

import sinks

run = sinks.run("../data/projects/ordos.toml")
run.plot.maps("net_removals", level="banner");

# %% [markdown]
# ## 互动地图 / Interactive map
#
# 一个 HTML 文件，双击打开，不联网；可以拷到任何内网电脑。在 Jupyter 里直接写 `run.map()` 就能看；这里存成文件，免得笔记本过大。
# 也可以衬上一个栅格，例如植被盖度。
#
# *One HTML file that needs no network. `run.map()` shows itself in Jupyter; here it is saved, to keep the notebook small. A
# raster may lie under the outlines, such as vegetation cover.*

# %%
run.map().save("map.html")
cover = Path("../data/raster/grass_cover_2023.tif")
run.map(overlay=cover, overlay_name="植被盖度", overlay_unit="%").save("map_cover.html")

# %% [markdown]
# ## Word 报告与网页摘要 / Word report and web summary
#
# 文字由核算表生成：净排放不会写成碳汇，首页写明示范数据、未核实的参数和未通过的检查。每份报告附一份技术附件；没有 Word 的读者用网页摘要，图表都在里面。
#
# *The text follows the account; page one says what must be known first. Each report has a technical annex; readers without
# Word take the page, with tables and figures inside.*

# %%
made = [*run.report("150600", out="reports"), run.html("reports/summary.html")]
made += [Path("map.html"), Path("map_cover.html")]
pd.DataFrame({"文件 / file": [one.name for one in made], "kB": [round(one.stat().st_size / 1e3) for one in made]})

# %% [markdown]
# 报告的章节：
#
# *Chapters of the report:*

# %%
from docx import Document

paragraphs = Document(made[0]).paragraphs
chapters = [one.text for one in paragraphs if one.style.name.startswith("Heading 1")]
pd.Series(chapters, index=range(1, len(chapters) + 1), name="章 / chapter").to_frame()

# %% [markdown]
# ## 自己的图 / Figures of your own
#
# 每个图都画在 matplotlib 的坐标轴上，可以放进幻灯片，也可以接着改。
#
# *Every figure is drawn on axes of matplotlib, for slides or to be changed further.*

# %%
import matplotlib.pyplot as plt

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
run.plot.bars("carbon_stock", level="banner", period="2023", ax=left)
run.plot.waterfall("鄂尔多斯市", "2020-2023", ax=right);

# %% [markdown]
# 命令行里：`sinks report out/ordos --html`、`sinks map out/ordos`。
#
# *On the command line: `sinks report out/ordos --html` and `sinks map out/ordos`.*
