# %% [markdown]
# # 08 自己的方法
#
# 两种做法：公式不变、只换参数——一个 CSV；公式也不同——一个 CSV 加一个 `.py`，其中一个函数就是公式。
# 这里替一个**虚构的林业局**给落叶松用本地参数，数字只为演示。
#
# *A methodology of your own: one CSV for other parameters, or a CSV and a `.py` for another equation. The bureau and its figures
# are invented.*

# %% [markdown]
# ## 一、只换参数：一个 CSV / Other parameters: one CSV
#
# 命令行是 `sinks new bureau_larch --extends growing_stock_bef`。写出的表里，`?` 是要填的。
#
# *`sinks new bureau_larch --extends growing_stock_bef` writes a table in which `?` is to be filled.*

# %%
from pathlib import Path

import pandas as pd

import sinks
from sinks.methodology import check_file, describe, new

(table,) = new("bureau_larch", extends="growing_stock_bef")
print(table.read_text(encoding="utf-8-sig"))

# %% [markdown]
# 没填的表用不了，每个 `?` 都会指出来：
#
# *A table that is not filled is refused, every `?` of it named:*

# %%
try:
    check_file(table)
except sinks.SinksError as error:
    print(error)

# %% [markdown]
# 填好：只写与原表不同的行，其余沿用原方法。落叶松给了区间（`low`、`high`，95 %），结果就有更切实的不确定性。
#
# *Fill in only the rows that differ; everything else is kept from the methodology it extends.*

# %%
table.write_text(
    """# extends: growing_stock_bef
parameter,species_group,value,unit,low,high,interval,distribution,basis,source,locator,note
basic_wood_density,larch,0.52,t DM/m3,0.50,0.54,95%,,user,虚构林业局生物量调查（演示）,表 2,
bef,larch,1.38,1,1.30,1.46,95%,,user,虚构林业局生物量调查（演示）,表 3,
root_to_shoot,larch,0.24,t DM/t DM,0.20,0.28,95%,,user,虚构林业局生物量调查（演示）,表 3,
""",
    encoding="utf-8-sig",
)
print(describe(check_file(table)))

# %% [markdown]
# ## 与原方法并列 / Beside the methodology it extends
#
# `methodology_files` 把自己的方法加进项目；这里让它作正式核算，原方法只作比较（`role = "comparison"`），两者不会相加。
#
# *`methodology_files` brings it in: of record here, with the original beside it for comparison. They are never added.*

# %%
project = """
methodology_files = ["bureau_larch.csv"]

[project]
name = "bureau"
title = "呼伦贝尔市落叶松林（练习）"
dates = [2020, 2023]
demonstration = true

[regions]
builtin = "150000"
within = "150700"

[land_cover]
legend = "clcd"
files = { 2020 = "../data/raster/land_cover_2020.tif", 2023 = "../data/raster/land_cover_2023.tif" }

[strata.species_group]
file = "../data/raster/species_group.tif"
legend = "species_group"
ecosystems = ["forest"]

[inputs.growing_stock]
files = { 2020 = "../data/raster/growing_stock_2020.tif", 2023 = "../data/raster/growing_stock_2023.tif" }

[[methodologies]]
id = "bureau_larch"
ecosystems = ["forest"]

[[methodologies]]
id = "growing_stock_bef"
ecosystems = ["forest"]
role = "comparison"
"""
Path("bureau.toml").write_text(project, encoding="utf-8")
run = sinks.run("bureau.toml")

wanted = (
    "ecosystem == 'forest' and stratum == 'larch' and pool == 'above_ground_biomass' and quantity == 'carbon_stock' and level == 'league'"
)
columns = ["methodology", "period", "value", "low", "high", "unit"]
pd.concat([run.account, run.comparison]).query(wanted)[columns].round(0)

# %% [markdown]
# ## 二、公式也不同：一个函数 / Another equation: one function
#
# `sinks new bureau_power` 写出一个 `.py` 和一个 CSV。函数体就是公式：数组进、数组出，不读文件。
# 这里用幂函数由蓄积推算生物量：$B = a V^b$。
#
# *`sinks new bureau_power` writes both files. The body of the function is the equation, arrays in and arrays out.*

# %%
equation = '''"""bureau_power: above-ground biomass as a power of growing stock (an invented example)."""

from math import inf

from sinks.methodology import Methodology
from sinks.text import Text


def carbon_density(growing_stock, scale, exponent, carbon_fraction):
    """Carbon density of above-ground biomass.

    Parameters
    ----------
    growing_stock : array
        Stem volume over bark. [m3/ha]
    scale : array
        Biomass of a stand with 1 m3/ha. [t DM/ha]
    exponent : array
        How biomass grows with volume. [1]
    carbon_fraction : array
        Carbon in dry matter. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``above_ground_biomass``. [t C/ha]

    Notes
    -----
    .. math:: C = a \\\\cdot V^{b} \\\\cdot CF

    References
    ----------
    bureau_2024: invented, for this notebook.
    """
    return {"above_ground_biomass": scale * growing_stock**exponent * carbon_fraction}


METHODOLOGY = Methodology(
    id="bureau_power",
    title=Text("蓄积量幂函数法（演示）", "Power of growing stock (demonstration)"),
    source="bureau_2024",
    locator="invented",
    approach="stock_difference",
    tier=2,
    acts_on="state",
    ecosystems=("forest",),
    strata=("species_group",),
    inputs={"growing_stock": "m3/ha"},
    parameters={"scale": "t DM/ha", "exponent": "1", "carbon_fraction": "t C/(t DM)"},
    outputs={"above_ground_biomass": "t C/ha"},
    bounds={"scale": (0, inf), "exponent": (0, 2), "carbon_fraction": (0, 1)},
    valid_for=Text("仅用于演示", "For demonstration only"),
    compute=carbon_density,
)
'''
Path("bureau_power.py").write_text(equation, encoding="utf-8")
Path("bureau_power.csv").write_text(
    """parameter,species_group,value,unit,low,high,interval,distribution,basis,source,locator,note
scale,,1.2,t DM/ha,1.0,1.4,95%,,user,bureau_2024,虚构,
exponent,,0.9,1,0.88,0.92,95%,,user,bureau_2024,虚构,
carbon_fraction,,0.5,t C/(t DM),0.48,0.52,95%,,user,bureau_2024,虚构,
""",
    encoding="utf-8-sig",
)

try:
    print(describe(check_file("bureau_power.py")))
except sinks.SinksError as error:
    print(error)

# %% [markdown]
# 载入时用带单位的数试算一遍：$V^{0.9}$ 的量纲不是“每公顷”，公式因此被退回。这正是系数 $a$ 的含义没有写清楚的地方：
# 应是蓄积为某一**参照值**时的生物量。补上参照蓄积，$B = a (V / V_0)^b$：
#
# *The equation is tried with units when it is loaded: $V^{0.9}$ is not per hectare. What was left unsaid is the volume that $a$ refers to.*

# %%
equation = (
    equation.replace("growing_stock, scale,", "growing_stock, reference_stock, scale,")
    .replace("    scale : array\n        Biomass of a stand with 1 m3/ha.", "    reference_stock : array\n        Volume that ``scale`` refers to. [m3/ha]\n    scale : array\n        Biomass at that volume.")
    .replace("V^{b}", "(V / V_0)^{b}")
    .replace("scale * growing_stock**exponent", "scale * (growing_stock / reference_stock) ** exponent")
    .replace('parameters={"scale"', 'parameters={"reference_stock": "m3/ha", "scale"')
    .replace('bounds={"scale"', 'bounds={"reference_stock": (0, inf), "scale"')
)
Path("bureau_power.py").write_text(equation, encoding="utf-8")
with Path("bureau_power.csv").open("a", encoding="utf-8") as parameters:
    parameters.write("reference_stock,,1,m3/ha,,,,,user,bureau_2024,虚构,\n")
print(describe(check_file("bureau_power.py")))

# %% [markdown]
# 项目里照样用 `methodology_files = ["bureau_power.py"]`。Python 代码须经同意才运行，所以加上 `trust=True`：
#
# *In a project it is named the same way. Python runs with consent only, hence `trust=True`:*

# %%
project = project.replace('["bureau_larch.csv"]', '["bureau_larch.csv", "bureau_power.py"]') + """
[[methodologies]]
id = "bureau_power"
ecosystems = ["forest"]
role = "comparison"
"""
Path("bureau.toml").write_text(project, encoding="utf-8")
run = sinks.run("bureau.toml", trust=True)

wanted = wanted.replace("'larch'", "'all'") + " and period == '2023'"
pd.concat([run.account, run.comparison]).query(wanted)[columns].round(0)
