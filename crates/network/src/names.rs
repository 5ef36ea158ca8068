//! Names of people and dealers.

use crate::dice::{Dice, Purpose};
use crate::places::City;

/// Surnames with how common they are.
const SURNAMES: [(&str, u32); 60] = [
    ("王", 72),
    ("李", 72),
    ("张", 68),
    ("刘", 54),
    ("陈", 46),
    ("杨", 31),
    ("黄", 22),
    ("赵", 22),
    ("吴", 20),
    ("周", 20),
    ("徐", 15),
    ("孙", 15),
    ("马", 13),
    ("朱", 13),
    ("胡", 12),
    ("郭", 12),
    ("何", 12),
    ("林", 12),
    ("高", 10),
    ("罗", 10),
    ("郑", 9),
    ("梁", 9),
    ("谢", 8),
    ("宋", 8),
    ("唐", 8),
    ("许", 7),
    ("邓", 7),
    ("冯", 7),
    ("韩", 7),
    ("曹", 6),
    ("曾", 6),
    ("彭", 6),
    ("萧", 6),
    ("蔡", 5),
    ("潘", 5),
    ("田", 5),
    ("董", 5),
    ("袁", 5),
    ("于", 5),
    ("余", 5),
    ("叶", 5),
    ("蒋", 5),
    ("杜", 5),
    ("苏", 4),
    ("魏", 4),
    ("程", 4),
    ("吕", 4),
    ("丁", 4),
    ("沈", 4),
    ("任", 4),
    ("姚", 4),
    ("卢", 4),
    ("傅", 4),
    ("钟", 4),
    ("姜", 4),
    ("崔", 3),
    ("谭", 3),
    ("廖", 3),
    ("范", 3),
    ("汪", 3),
];

const GIVEN: [&str; 72] = [
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超",
    "霞", "平", "刚", "建华", "志强", "晓东", "海燕", "文博", "雨欣", "子轩", "浩然", "俊杰", "建国", "国庆",
    "玉兰", "桂英", "秀英", "丽华", "春梅", "小红", "立新", "永强", "振华", "思远", "嘉豪", "梓涵", "欣怡",
    "佳怡", "晨曦", "天宇", "宇航", "博文", "雪梅", "红梅", "志明", "家辉", "少华", "长江", "晓燕", "凯",
    "鹏", "斌", "波", "辉", "玲", "婷", "萍", "燕", "飞", "鑫", "浩", "宁", "倩", "健", "颖",
];

const FIRST: [&str; 30] = [
    "恒", "鑫", "盛", "金", "永", "华", "瑞", "宏", "通", "众", "嘉", "天", "安", "长", "顺", "万", "国",
    "庆", "泰", "德", "福", "利", "中", "广", "东", "新", "佳", "海", "远", "凯",
];
const SECOND: [&str; 30] = [
    "信", "达", "源", "鸿", "诚", "驰", "运", "旺", "隆", "悦", "捷", "润", "合", "成", "辰", "腾", "祥",
    "程", "翔", "和", "骏", "亿", "锋", "兴", "富", "迪", "晟", "邦", "康", "益",
];
const KINDS: [&str; 3] = ["汽车销售服务有限公司", "汽车服务有限公司", "汽车贸易有限公司"];

/// The name of the person of two numbers.
pub(crate) fn person(seed: u64, first: u64, second: u64) -> String {
    let mut dice = Dice::of(seed, Purpose::Name, first, second);
    let surname = dice.weighted(&SURNAMES);
    format!("{surname}{}", dice.pick(&GIVEN))
}

/// The name of a dealer in a city: the first there carries the city's byname, and no two of a network's first
/// 2 700 dealers of a city share theirs.
pub(crate) fn dealer(seed: u64, index: u32, city: &City, first_in_city: bool) -> String {
    if first_in_city {
        return format!("{}{}{}", city.name, city.byname, KINDS[1]);
    }
    let pairs = (FIRST.len() * SECOND.len()) as u64;
    let pair = ((u64::from(index) * 631 + seed % pairs) % pairs) as usize;
    let kind = KINDS[(index as usize / pairs as usize + index as usize) % KINDS.len()];
    format!("{}{}{}{kind}", city.name, FIRST[pair / SECOND.len()], SECOND[pair % SECOND.len()])
}
