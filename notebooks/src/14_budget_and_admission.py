# %% [markdown]
# # 碳预算、新上项目与推算 / Budget, admission and projection
#
# 两个盟市核算一次，依次回答：完成了没有，结论取决于哪条规则，明年预算多少，新上项目能不能上，今年大概多少，到 2060 年怎样。
# 数字都是**示意数据**。
#
# *One account of two leagues; then: is the target met, on which rule does that rest, next year's budget, a new project,
# a quick estimate, the course to 2060. All figures are illustrative.*

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import sinks
from sinks.assessment.words import word
from sinks.geo.regions import load_builtin
from sinks.output.figures.fonts import font_family
from sinks.output.projection import draw_projection
from sinks.results.labels import term

plt.rcParams["font.family"] = font_family()
folder = Path("budget_tables").resolve()
folder.mkdir(exist_ok=True)
BAOTOU, ORDOS = "150200", "150600"
leagues = load_builtin("150000", levels=("league",)).frame
leagues = leagues[leagues["code"].isin([BAOTOU, ORDOS])]
leagues.to_file(folder / "leagues.gpkg")


def table(name: str, columns: str, *rows: tuple[object, ...]) -> str:
    """写一张表，来源都是示意 / write a table; its figures are illustrative."""
    frame = pd.DataFrame(rows, columns=columns.split()).assign(source="示意 / illustrative")
    frame.to_csv(folder / f"{name}.csv", index=False)
    return str(folder / f"{name}.csv")


# %% [markdown]
# 年度计划只写一年里的增减（万吨）：新上项目为正，节能、淘汰为负。
#
# *An annual plan has the changes of its year: new projects positive, savings negative.*

# %%
plan = [
    (ORDOS, year, quantity, value, "10^4 t CO2")
    for year, amounts in {2023: (420, -180, -60), 2024: (400, -200, -90), 2025: (380, -220, -120)}.items()
    for quantity, value in zip(["new_projects", "energy_saving", "structure"], amounts, strict=True)
]
stands = [(ORDOS, "shrub", age, "area", area, "10^3 ha") for age, area in [("1-10", 90), ("11-20", 60), ("21-40", 30)]]
planting = [("造林 / planting", ORDOS, "shrub", "2025-2030", "area", 60, "10^3 ha")]

demo = sinks.Project.read("../data/projects/demo.toml")
content = demo.record()
content["project"]["draws"] = 30
content["regions"] = {"file": str(folder / "leagues.gpkg"), "code": "code", "name": "name"}
content["methodologies"] = [
    one for one in content["methodologies"] if one.get("role") != "comparison" and "wetland" not in one["ecosystems"]
]
for name in ("restoration", "potential"):
    content.pop(name)
for name in ("ledger", "credit_projects", "observations"):
    content["assessment"].pop(name)
for name in ("emissions", "gdp", "targets", "abatement"):
    rows = pd.read_csv(demo.folder / content["assessment"][name], dtype=str)
    rows[rows["region_code"].isin(leagues["code"])].to_csv(folder / f"{name}.csv", index=False)
    content["assessment"][name] = str(folder / f"{name}.csv")
content["assessment"]["rule"]["years"] = [2022, 2023]
content["assessment"]["budget"] = table("plan", "region_code year quantity value unit", *plan)
content["projection"] = {
    "stands": table("stands", "region_code curve age quantity value unit", *stands),
    "planting": table("planting", "scenario region_code curve year quantity value unit", *planting),
    "curves": "../tables/carbon_curves.csv",
    "start": 2023,
    "without": "不造林 / none",
    "years": [2030, 2040, 2050, 2060],
}
run = sinks.run(sinks.Project.from_dict(content, folder=demo.folder))
run.plot.bars("net_removals");

# %% [markdown]
# ## 双控：完成了没有 / Dual control: is the target met

# %%
evaluation = run.assess()
evaluation.assessment.last_year().round(2)

# %% [markdown]
# ## 结论取决于哪条规则 / What turns the verdict
#
# 每次只改一条规则，完整重新评价。图中是下降率减去要求：零以上为完成。
#
# *One thing of the rule is changed at a time and all is assessed anew. Drawn is the reduction less what is required:
# above zero the target is met.*

# %%
found = run.alternatives()
print(found.remarks()[0])
rows = found.table
kinds = {"pools": "pool", "ecosystems": "ecosystem"}


def said(what: str, alternative: str) -> str:
    """所改的规则，用公文用语 / what is changed, in the words of the office."""
    if what in kinds:
        alternative = "、".join(term(kinds[what], one) for one in alternative.split(" + "))
    return f"{word(f'what.{what}')} {alternative}"


rows = rows.assign(
    rule=[said(*pair) for pair in zip(rows["what"], rows["alternative"], strict=True)],
    margin=100 * (rows["change"] - rows["required_change"]),
)
margins = rows.pivot(index="rule", columns="region_name", values="margin").reindex(rows["rule"].unique()[::-1])
axes = margins.plot.barh(figsize=(8, 5), width=0.8)
axes.axvline(0, color="black", linewidth=0.8)
axes.set(xlabel="百分点 / points", ylabel="")
axes.legend(title="");

# %% [markdown]
# ## 年度碳预算 / Annual budget
#
# 计划排放从上一年的实际开始，逐年滚动；`allowed` 是当年允许量，`rolled_balance` 是加上结转后的余额（负数为超出）。
#
# *Planned emissions open with the year before and are rolled on; `rolled_balance` has what is carried over (negative: too
# much).*

# %%
plans = evaluation.annual_plans
own = plans[plans["region_code"] == ORDOS].pivot(index="year", columns="quantity", values="value") / 1e4
names = {"allowed": "允许 / allowed", "planned_emissions": "计划 / planned", "adjusted_emissions": "实际 / actual"}
axes = own[[*names]].rename(columns=names).plot(style=["o-", "s-", "D"], figsize=(6.4, 3))
axes.set(xlabel="", ylabel="万吨 / 10^4 t CO2", xticks=range(len(own)), xticklabels=own.index)
axes.legend(title="")
balances = own[["opening", "planned_emissions", "allowed", "intensity_balance", "rolled_balance"]]
balances.rename_axis(columns=None).round(1)

# %% [markdown]
# ## 新上项目 / A new project
#
# 两个项目放进最后一个评价年：一个排放多、产值少，一个相反。
#
# *Two projects put into the last assessed year: one emits much for its value added, the other does not.*

# %%
columns = "project_id region_code year quantity value unit"
projects = [
    ("P1", BAOTOU, 2025, "emissions", 120, "10^4 t CO2"),
    ("P1", BAOTOU, 2025, "value_added", 12, "10^8 CNY"),
    ("P1", BAOTOU, 2025, "ccus", 20, "10^4 t CO2"),
    ("P2", ORDOS, 2025, "emissions", 10, "10^4 t CO2"),
    ("P2", ORDOS, 2025, "value_added", 4, "10^8 CNY"),
]
admission = run.admit(table("projects", columns, *projects))
admission

# %%
names = {"before": "投产前 / before", "after": "投产后 / after"}
room = admission.effects[admission.effects["quantity"] == "room"]
room = room[room["project_id"] != "all"].set_index(["project_id", "region_name"])[[*names]] / 1e4
axes = room.rename(columns=names).plot.bar(figsize=(6.4, 3), rot=0)
axes.axhline(0, color="black", linewidth=0.8)
axes.set(xlabel="", ylabel="预算余量，万吨 / room, 10^4 t CO2");

# %% [markdown]
# ## 快速估算 / Quick estimate
#
# 2024 年还没有图，先按早期统计推算；`error` 是以往估算的误差，区间因此比核算的宽。
#
# *There are no maps of 2024 yet: early statistics carry the account on, with a wider interval.*

# %%
sums = run.by("ecosystem", "net_removals", level="league")
lands = sums.loc[sums["region_code"] == ORDOS, "ecosystem"].unique()
early = [(ORDOS, land, 2024, "ratio", 1.02 if land == "forest" else 1.0, "1") for land in lands if land != "all"]
early += [(ORDOS, land, 2024, "error", 0.15, "1") for land in lands if land != "all"]
estimate = run.estimate(table("early", "region_code ecosystem year quantity value unit", *early))
estimate

# %% [markdown]
# ## 推算到 2060 年 / To 2060
#
# 有林分、有造林，与不造林比：储量和碳汇。
#
# *Stands with planting and without it: stock and sink.*

# %%
projection = run.projection()
draw_projection(projection, ORDOS)

# %% [markdown]
# 各表的列见[评价的定义](../docs/assessment.md)，命令见[从碳汇到决策](../docs/guide/zh/decisions.md)。
#
# *Columns: [assessment in detail](../docs/assessment.md); commands: [from sink to decisions](../docs/guide/en/decisions.md).*
