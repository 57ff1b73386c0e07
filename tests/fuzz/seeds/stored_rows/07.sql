UPDATE trial_params SET param_value = 1e999, distribution_json = '{"name": "CategoricalDistribution", "attributes": {"choices": [1]}}';
