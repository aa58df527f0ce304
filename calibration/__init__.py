"""INT8: collects crops of people, writes networks with Q/DQ nodes, and measures what they lose and gain. Nothing at run time imports it."""
